//! What a source file may hold.

use crate::document::shape::{Key, Keys, Shape};

/// Requests a second and gate. A shop that allows more is our own.
pub(super) const MAX_RATE: f64 = 100.0;
/// Slower than a page a day nothing is ever crawled.
pub(super) const MIN_RATE: f64 = 1.0 / 86_400.0;
/// Requests in flight a gate.
pub(super) const MAX_CONCURRENCY: i64 = 32;
/// Pages of one run.
pub(super) const MAX_PAGES: i64 = 10_000_000;
/// Links followed from a start page.
pub(super) const MAX_DEPTH: i64 = 1000;

/// Fields of a product page that a source may place, besides `attributes.NAME`.
pub(super) const FIELDS: [&str; 17] = [
    "title",
    "description",
    "price",
    "regular",
    "max",
    "currency",
    "availability",
    "brand",
    "gtin",
    "mpn",
    "sku",
    "category",
    "images",
    "seller",
    "language",
    "url",
    "next",
];
/// Fields of a card that a source may place.
pub(super) const CARD_FIELDS: [&str; 4] = ["title", "price", "url", "image"];

/// The form of a source's id.
const ID: &str = "^[a-z0-9-]{1,80}$";
/// A CSS selector or JSON path.
const PLACE: Shape = Shape::Text;

/// `sources/ID.toml`
pub const KEYS: Keys = Keys::new(
    "One shop or marketplace to crawl: where to start, how far to go, how gently, and how to read it.",
    &[
        Key::new("id", Shape::Form(ID), "The file's name without .toml.").required("\"STEM\""),
        Key::new("name", Shape::Line, "The shop's name, for people.").required("\"the shop's name\""),
        Key::new(
            "start",
            Shape::List(&Shape::Form("^https?://")),
            "Where the crawl begins: pages, sitemaps or feeds, as whole web addresses.",
        )
        .required("[\"https://shop.example/\"]"),
        Key::new(
            "market",
            Shape::Country,
            "The country that the offers are aimed at, as two capitals; rules may ask.",
        ),
        Key::new(
            "allow",
            Shape::List(&PATH),
            "Paths that may be fetched, as in robots.txt: \"/p/\", \"/*.html$\". Left out: all. The longest match wins.",
        ),
        Key::new(
            "deny",
            Shape::List(&PATH),
            "Paths that are not fetched; where both match equally well, this wins.",
        ),
        Key::new("packs", Shape::List(&Shape::Text), "Rule packs for this shop. Left out: all that are on."),
        Key::new(
            "schedule",
            Shape::Text,
            "When to crawl: minute, hour, day, month, weekday and time zone, as \"0 3 * * 1-5 Europe/Berlin\".",
        ),
        Key::new(
            "allow_loopback",
            Shape::Flag,
            "Opens the addresses of `start` when the shop runs on this computer. Never needed for a real shop.",
        ),
        Key::new("request", Shape::Table(&REQUEST), "What to send with each request."),
        Key::new("limits", Shape::Table(&LIMITS), "How much and how fast, at most."),
        Key::new(
            "search",
            Shape::Table(&SEARCH),
            "The shop's own search, to be asked; robots.txt still binds.",
        ),
        Key::new(
            "select",
            Shape::Table(&SELECT),
            "Where a field stands on this shop's pages, if it is misread.",
        ),
    ],
);

const PATH: Shape = Shape::Form(r"^[/*]");

const REQUEST: Keys = Keys::new(
    "What to send with each request.",
    &[
        Key::new("accept_language", Shape::Text, "The languages to ask for, such as \"de-DE,de;q=0.9\"."),
        Key::new("cookies", Shape::Map(".", &Shape::Text), "Cookies that the shop needs, name and value."),
    ],
);

const LIMITS: Keys = Keys::new(
    "How much and how fast, at most.",
    &[
        Key::new("rate_per_second", Shape::Number(MIN_RATE, MAX_RATE), "Requests a second. Left out: 1."),
        Key::new("concurrency", Shape::Whole(1, MAX_CONCURRENCY), "Requests at the same time. Left out: 2."),
        Key::new("max_pages", Shape::Whole(1, MAX_PAGES), "Pages in one run. Left out: 5000."),
        Key::new("max_depth", Shape::Whole(0, MAX_DEPTH), "Links followed from a start page. Left out: 12."),
    ],
);

const SEARCH: Keys = Keys::new(
    "The shop's own search, to be asked.",
    &[
        Key::new(
            "url",
            Shape::Form(r"\{query\}"),
            "The address of a search, with {query} and perhaps {page}.",
        )
        .required("\"https://shop.example/search?q={query}&page={page}\""),
        Key::new(
            "terms",
            Shape::List(&Shape::Text),
            "What to search for: words, lists as \"@pde5-names\", and \"@alerts\".",
        )
        .required("[\"@pde5-names\"]"),
    ],
);

const SELECT: Keys = Keys::new(
    "Where a field stands: a CSS selector, with @name for an attribute, or a JSON path that begins with $.",
    &[
        Key::new("title", PLACE, "The product's name."),
        Key::new("description", PLACE, "The description."),
        Key::new("price", PLACE, "What the buyer pays now."),
        Key::new("regular", PLACE, "The struck-through price."),
        Key::new("max", PLACE, "The highest price of a range."),
        Key::new("currency", PLACE, "The currency."),
        Key::new("availability", PLACE, "Whether it can be bought now."),
        Key::new("brand", PLACE, "The brand."),
        Key::new("gtin", PLACE, "The barcode number."),
        Key::new("mpn", PLACE, "The manufacturer's number."),
        Key::new("sku", PLACE, "The shop's own number."),
        Key::new("category", PLACE, "The path of categories."),
        Key::new("images", PLACE, "Pictures."),
        Key::new("seller", PLACE, "The seller's name."),
        Key::new("language", PLACE, "The language."),
        Key::new("url", PLACE, "The product's address."),
        Key::new("next", PLACE, "The next page of a category."),
        Key::new("attributes", Shape::Map(".", &PLACE), "Named properties, such as attributes.Wirkstoff."),
        Key::new("card", Shape::Table(&CARD), "How offers stand on a category page."),
    ],
);

const CARD: Keys = Keys::new(
    "How offers stand on a category page.",
    &[
        Key::new("item", PLACE, "One offer: a CSS selector.").required("\".result\""),
        Key::new("title", PLACE, "Inside it, the product's name."),
        Key::new("price", PLACE, "Inside it, the price."),
        Key::new("url", PLACE, "Inside it, the product's address, such as \"a@href\"."),
        Key::new("image", PLACE, "Inside it, a picture."),
    ],
);

/// An adapter file.
pub(super) const ADAPTER: Keys = Keys::new(
    "How a shop platform builds its pages. Places are CSS selectors or JSON paths; of several the first that gives a \
     value wins.",
    &[
        Key::new("id", Shape::Form(ID), "The file's name without .toml.").required("\"STEM\""),
        Key::new("markers", Shape::List(&Shape::Text), "Pieces of markup that only this platform writes.")
            .required("[\"/assets/of-this-platform/\"]"),
        Key::new("product", PLACES, "What only product pages have."),
        Key::new("category", PLACES, "What only lists of products have."),
        Key::new("next", PLACES, "Next pages of a list."),
        Key::new("select", Shape::Table(&ADAPTER_FIELDS), "Where fields stand on a product page."),
        Key::new("card", Shape::Tables(&ADAPTER_CARD), "How offers stand on a category page."),
        Key::new("data", Shape::Tables(&ADAPTER_DATA), "JSON values embedded in product pages."),
    ],
);

const PLACES: Shape = Shape::OneOrMore(&Shape::Text);
const ADAPTER_FIELDS: Keys = Keys::new("Where fields stand.", &each(&FIELDS, PLACES));
const ADAPTER_CARD: Keys = Keys::new("How offers stand on a category page.", &ADAPTER_CARD_KEYS);
const ADAPTER_CARD_KEYS: [Key; 5] = {
    let item = Key::new("item", PLACE, "One offer: a CSS selector.").required("\".result\"");
    let [title, price, url, image] = each(&CARD_FIELDS, PLACES);
    [item, title, price, url, image]
};
const ADAPTER_DATA: Keys = Keys::new(
    "One kind of embedded JSON value.",
    &[
        Key::new("holds", PLACE, "The path that tells it from others.").required("\"$.product.variants\""),
        Key::new("title", PLACE, "Where it names its product."),
        Key::new("hundredths", Shape::Table(&HUNDREDTHS), "Paths to amounts in hundredths."),
        Key::new("select", Shape::Table(&DATA_FIELDS), "Paths to fields."),
    ],
);
const HUNDREDTHS: Keys = Keys::new("Paths to amounts.", &each(&["price", "regular", "max"], PLACE));
const DATA_FIELDS: Keys = Keys::new("Paths to fields.", &each(&FIELDS, PLACE));

/// A key for each field, all of one shape.
#[expect(clippy::indexing_slicing, reason = "runs in the compiler, where a wrong index does not compile")]
const fn each<const N: usize>(names: &[&'static str; N], shape: Shape) -> [Key; N] {
    let mut keys = [Key::new("", shape, "Where this field stands."); N];
    let mut at = 0;
    while at < N {
        keys[at].name = names[at];
        at += 1;
    }
    keys
}
