//! Where a page leads, and what each link is for, told by structure: cards, paging, menus, address patterns.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::LazyLock;

use url::Url;

use super::head::{Head, resolve};
use super::outline::{Id, Outline, Tag, mark};
use super::words::Vocabulary;
use super::{entity, names};
use crate::page::{Link, LinkKind};

/// Links kept of a page.
const LINKS_MAX: usize = 5000;

/// All links, in page order, without repeats. `products` are the addresses of the page's cards, `selected` the next
/// pages that the source's own selector found.
pub(super) fn find(
    outline: &Outline<'_>,
    head: &Head,
    page: Option<&Url>,
    products: &[String],
    selected: &[String],
) -> Vec<Link> {
    let products: HashSet<&str> = products.iter().map(String::as_str).collect();
    let anchors = anchors(outline, head);
    let menus = menus(outline);
    let next = if selected.is_empty() {
        next_links(outline, &anchors, head, page)
    } else {
        selected.iter().cloned().collect()
    };
    let patterns: HashSet<String> = if products.len() >= 2 {
        products.iter().filter_map(|url| pattern(url)).collect()
    } else {
        HashSet::new()
    };
    let own = page.and_then(|page| page.as_str().split('#').next());
    let meaning = |url: &str| {
        if next.contains(url) {
            Meaning::Sure(LinkKind::Next)
        } else if products.contains(url) {
            Meaning::Sure(LinkKind::Product)
        } else if own == Some(url) {
            Meaning::Sure(LinkKind::Other)
        } else if !patterns.is_empty() && pattern(url).is_some_and(|shape| patterns.contains(&shape)) {
            Meaning::Shaped
        } else {
            Meaning::Open
        }
    };
    // By address: what it means, and its place among the links.
    let mut known: Vec<Option<(Meaning, usize)>> = vec![None; anchors.addresses.len()];
    let mut links: Vec<Link> = Vec::new();
    for anchor in &anchors.list {
        if links.len() >= LINKS_MAX {
            break;
        }
        let url = anchors.url(anchor);
        let Some(fact) = known.get_mut(anchor.address) else { continue };
        let before = *fact;
        let (meaning, at) = *fact.get_or_insert_with(|| (meaning(url), links.len()));
        let in_menu =
            || menus.get(anchor.id as usize) == Some(&true) && same_host(url, page) && !SERVICES.in_text(url);
        let kind = match meaning {
            Meaning::Sure(kind) => kind,
            Meaning::Shaped if !outline.has(anchor.id, mark::FRAME) => LinkKind::Product,
            _ if in_menu() => LinkKind::Category,
            _ => LinkKind::Other,
        };
        if before.is_none() {
            links.push(Link { url: url.to_owned(), kind });
        } else if let Some(link) = links.get_mut(at)
            && link.kind == LinkKind::Other
        {
            // A later link to the same place may tell more of what it is.
            link.kind = kind;
        }
    }
    // Addresses that no `<a>` carries: `<link rel=next>`, lists in JSON-LD. Sorted, because sets have no order.
    let mut others: Vec<&str> = next.iter().map(String::as_str).chain(products.iter().copied()).collect();
    others.sort_unstable();
    others.dedup();
    for url in others {
        let address = anchors.by_url.get(url).and_then(|address| known.get(*address));
        if links.len() < LINKS_MAX && !matches!(address, Some(Some(_))) {
            let kind = if next.contains(url) { LinkKind::Next } else { LinkKind::Product };
            links.push(Link { url: url.to_owned(), kind });
        }
    }
    links
}

/// What an address alone says of a link to it.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Sure(LinkKind),
    /// It looks like those of the page's offers.
    Shaped,
    Open,
}

/// The links of a page; each address once.
#[derive(Default)]
struct Anchors {
    list: Vec<Anchor>,
    addresses: Vec<Rc<str>>,
    by_url: HashMap<Rc<str>, usize>,
}

struct Anchor {
    id: Id,
    /// Its place among the addresses.
    address: usize,
}

impl Anchors {
    fn url(&self, anchor: &Anchor) -> &str {
        self.addresses.get(anchor.address).map_or("", |url| url)
    }
}

fn anchors(outline: &Outline<'_>, head: &Head) -> Anchors {
    let mut found = Anchors::default();
    // A card links its target from picture, title and button: each address is parsed once.
    let mut resolved: HashMap<&str, Option<usize>> = HashMap::new();
    for id in outline.ids().filter(|id| outline.tag(*id) == Tag::A) {
        if found.list.len() >= 4 * LINKS_MAX {
            break;
        }
        let Some(href) = outline.raw_attribute(id, "href") else { continue };
        let address = *resolved.entry(href).or_insert_with(|| {
            let url: Rc<str> = resolve(&entity::decode(href), head.base.as_ref())?.into();
            Some(*found.by_url.entry(url).or_insert_with_key(|url| {
                found.addresses.push(Rc::clone(url));
                found.addresses.len() - 1
            }))
        });
        found.list.extend(address.map(|address| Anchor { id, address }));
    }
    found
}

/// Which elements lie inside the page's navigation or a breadcrumb trail, by their place.
fn menus(outline: &Outline<'_>) -> Vec<bool> {
    let mut inside: Vec<bool> = Vec::with_capacity(outline.elements.len());
    for id in outline.ids() {
        let above =
            id > 0 && outline.parent(id).is_some_and(|parent| inside.get(parent as usize) == Some(&true));
        let own = match outline.tag(id) {
            Tag::Nav | Tag::Menu => true,
            // `body.has-menu` names the page, not a menu.
            Tag::Footer | Tag::Body | Tag::Html => false,
            _ => above || outline.is_named(id, names::MENU),
        };
        inside.push(own);
    }
    inside
}

/// Whether a resolved address is of the page's own host and more than its front page.
fn same_host(url: &str, page: Option<&Url>) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return true };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let own = page.and_then(Url::host_str);
    own.is_some_and(|own| host.split(':').next() == Some(own)) && !path.is_empty()
}

/// Accounts, carts and the like have addresses in program English everywhere.
static SERVICES: Vocabulary = Vocabulary::new(&[
    "login",
    "account",
    "signin",
    "register",
    "cart",
    "checkout",
    "basket",
    "wishlist",
    "contact",
    "help",
    "privacy",
    "terms",
    "about",
    "impressum",
    "faq",
    "compare",
    "logout",
]);

/// The shape of an address: host and path with numbers and slugs abstracted; `None` where nothing in it is either.
fn pattern(url: &str) -> Option<String> {
    // Resolved addresses are in normal form: what the parts are can be seen.
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.get(..end)?.split_once('/')?;
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let host = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(host, _)| host);
    let mut shape = String::with_capacity(rest.len());
    shape.push_str(host);
    let mut abstracted = false;
    for segment in path.split('/') {
        shape.push('/');
        let digits = segment.bytes().filter(u8::is_ascii_digit).count();
        if digits == 0 && segment.bytes().filter(|b| matches!(b, b'-' | b'_')).count() < 2 {
            abstracted |= segment.starts_with(['9', '*']);
            shape.push_str(segment);
        } else if digits == segment.len() {
            abstracted = true;
            shape.push('9');
        } else {
            abstracted = true;
            shape.push('*');
            shape.push_str(segment.rsplit_once('.').map_or("", |(_, extension)| extension));
        }
    }
    abstracted.then_some(shape)
}

/// The addresses of the next page of this list.
fn next_links(outline: &Outline<'_>, anchors: &Anchors, head: &Head, page: Option<&Url>) -> HashSet<String> {
    let mut next: HashSet<String> = head.next.iter().cloned().collect();
    let own = page.map(|page| page.as_str().split('#').next().unwrap_or("").to_owned());
    for anchor in &anchors.list {
        let relation = outline.raw_attribute(anchor.id, "rel").unwrap_or("");
        if relation.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("next")) {
            next.insert(anchors.url(anchor).to_owned());
        }
    }
    let candidates = if next.is_empty() { paging(outline, anchors) } else { Vec::new() };
    next.extend(candidates);
    if next.is_empty()
        && let Some(own) = &own
    {
        let (base, number) = numbered_address(own).unwrap_or_else(|| (bare_address(own), 1));
        let follows = Some((base, number + 1));
        next.extend(
            anchors
                .addresses
                .iter()
                .filter(|url| may_be_numbered(url, number + 1) && numbered_address(url) == follows)
                .map(ToString::to_string),
        );
    }
    if let Some(own) = own {
        next.remove(&own);
    }
    next
}

/// Whether an address may hold this page number where [`numbered_address`] looks for one: a cheap look before parsing.
fn may_be_numbered(url: &str, page: u32) -> bool {
    let last = b'0' + u8::try_from(page % 10).unwrap_or(0);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let segment = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let stem = segment.split('.').next().unwrap_or("");
    stem.as_bytes().last() == Some(&last) || memchr::memchr(last, query.as_bytes()).is_some()
}

/// An address without its page number, and that number: `/c/shoes?page=2`, `/c/shoes/page/2/`, `/shoes-p2.html`.
fn numbered_address(url: &str) -> Option<(String, u32)> {
    const KEYS: &[&str] = &[
        "page",
        "p",
        "pg",
        "pn",
        "paged",
        "pagina",
        "seite",
        "pageno",
        "page_no",
        "pagenum",
        "currentpage",
        "pageindex",
        "sida",
        "side",
        "strana",
    ];
    let mut parsed = Url::parse(url).ok()?;
    let number = |text: &str| text.parse::<u32>().ok().filter(|n| (1..100_000).contains(n));
    let pairs: Vec<(String, String)> =
        parsed.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
    if let Some(at) = pairs
        .iter()
        .position(|(key, value)| KEYS.contains(&key.to_ascii_lowercase().as_str()) && number(value).is_some())
    {
        let page = number(&pairs.get(at)?.1)?;
        let rest: Vec<&(String, String)> =
            pairs.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, pair)| pair).collect();
        if rest.is_empty() {
            parsed.set_query(None);
        } else {
            parsed.query_pairs_mut().clear().extend_pairs(rest);
        }
        return Some((bare_address(parsed.as_str()), page));
    }
    let path = parsed.path().to_owned();
    let (front, last) = path.trim_end_matches('/').rsplit_once('/')?;
    let stem = last.split('.').next().unwrap_or(last);
    if let Some(page) = number(last) {
        let (above, word) = front.rsplit_once('/').unwrap_or(("", front));
        if KEYS.contains(&word.to_ascii_lowercase().as_str()) {
            parsed.set_path(above);
            return Some((bare_address(parsed.as_str()), page));
        }
    }
    let digits = stem.len() - stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (name, page) = stem.split_at(stem.len() - digits);
    let page = number(page)?;
    let lowered = name.to_ascii_lowercase();
    let marked = ["page", "page-", "page_", "-p", "_p", "-page", "-page-", "seite-", "-seite"]
        .iter()
        .any(|mark| lowered.ends_with(mark))
        || lowered == "p";
    let mark = lowered.trim_end_matches(['-', '_']);
    let kept = ["page", "seite", "p"]
        .iter()
        .find_map(|word| mark.strip_suffix(word))
        .unwrap_or(mark)
        .trim_end_matches(['-', '_']);
    let tail = last.get(stem.len()..).unwrap_or("");
    marked.then(|| {
        parsed.set_path(&if kept.is_empty() { front.to_owned() } else { format!("{front}/{kept}{tail}") });
        (bare_address(parsed.as_str()), page)
    })
}

/// An address for comparison: without fragment and trailing slash.
fn bare_address(url: &str) -> String {
    url.split('#').next().unwrap_or(url).trim_end_matches('/').to_owned()
}

/// Next links without `rel`: named by class or label, or the number after the current one in a row of numbers.
fn paging(outline: &Outline<'_>, anchors: &Anchors) -> Vec<String> {
    let mut found = Vec::new();
    for anchor in &anchors.list {
        if is_named_next(outline, anchor.id) {
            found.push(anchors.url(anchor).to_owned());
        }
    }
    if found.is_empty() {
        found.extend(number_after_current(outline, anchors));
    }
    found
}

/// What a next link says, in the languages of big shops; arrows need no language.
#[rustfmt::skip]
const NEXT_WORDS: &[&str] = &[
    "next", "next page", "next »", "next ›", "next >", "next→", "next →", "older", "older posts", "›", "»",
    ">", ">>", "→", "▶", "▸", "❯", "weiter", "nächste", "nächste seite", "vor", "siguiente",
    "página siguiente", "suivant", "suivante", "page suivante", "próxima", "próximo", "seguinte",
    "successiva", "successivo", "avanti", "pagina successiva", "volgende", "volgende pagina", "następna",
    "następny", "dalej", "следующая", "следующая страница", "вперед", "вперёд", "далее", "дальше", "след.",
    "след", "наступна", "вперед →", "nästa", "neste", "næste", "seuraava", "další", "ďalšia", "ďalej",
    "következő", "tovább", "următoarea", "следваща", "επόμενη", "επόμενο", "sonraki", "ileri", "次へ",
    "次のページ", "下一页", "下一頁", "다음", "הבא", "التالي", "tiếp", "sau", "selanjutnya", "berikutnya", "sljedeća",
    "naslednja", "nākamā", "kitas", "järgmine", "more results", "load more",
];

static NEXT_SET: LazyLock<HashSet<&'static str>> = LazyLock::new(|| NEXT_WORDS.iter().copied().collect());

fn is_named_next(outline: &Outline<'_>, id: Id) -> bool {
    let text = if outline.text_size(id) < 200 {
        outline.text_up_to(id, 60, false).to_lowercase()
    } else {
        String::new()
    };
    let trimmed = text
        .trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '»' | '›' | '>' | '→' | '<' | '[' | ']' | '(' | ')')
        })
        .trim();
    let worded = (!text.is_empty() && NEXT_SET.contains(text.as_str()))
        || (!trimmed.is_empty() && NEXT_SET.contains(trimmed));
    if worded {
        // A bare arrow moves carousels too: it must stand in a row of pages.
        let arrow = trimmed.chars().all(|c| !c.is_alphanumeric());
        return !arrow || in_paging(outline, id);
    }
    for attribute in ["aria-label", "title"] {
        if let Some(label) = outline.attribute(id, attribute) {
            let label = label.trim().to_lowercase();
            if NEXT_SET.contains(label.as_str()) && (in_paging(outline, id) || label.contains("pag")) {
                return true;
            }
        }
    }
    // Classes of the link, its parent and what it holds.
    let own = [Some(id), outline.parent(id), Some(id + 1).filter(|child| outline.contains(id, *child))];
    let names = |at: Id| [outline.class(at), outline.id_attribute(at)];
    if !own.into_iter().flatten().any(|at| outline.is_named(at, names::NEXT)) {
        return false;
    }
    let says_next = own.into_iter().flatten().flat_map(names).any(|written| {
        let lowered = written.to_ascii_lowercase();
        lowered.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            matches!(
                word,
                "next"
                    | "nextpage"
                    | "pagenext"
                    | "pagenavnext"
                    | "pagernext"
                    | "nextlink"
                    | "paginationnext"
            )
        })
    });
    let paged = own_names(outline, id)
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.starts_with("pag"));
    says_next && (paged || in_paging(outline, id))
}

/// Classes and ids of a link and its parent.
fn own_names(outline: &Outline<'_>, id: Id) -> String {
    let both = [Some(id), outline.parent(id)].into_iter().flatten();
    let names: Vec<&str> = both.flat_map(|at| [outline.class(at), outline.id_attribute(at)]).collect();
    names.join(" ").to_ascii_lowercase()
}

/// Words of a paging box's role.
static PAGING_ROLES: Vocabulary = Vocabulary::new(names::PAGING_WORDS);

/// Inside a box that is named as paging, or that holds links with numbers.
fn in_paging(outline: &Outline<'_>, id: Id) -> bool {
    outline.ancestors(id).take(5).any(|above| {
        if matches!(outline.tag(above), Tag::Body | Tag::Main) {
            return false;
        }
        outline.is_named(above, names::PAGING)
            || PAGING_ROLES.in_text(outline.raw_attribute(above, "role").unwrap_or(""))
            || (outline.text_size(above) < 300 && numbered_links(outline, above) >= 2)
    })
}

fn numbered_links(outline: &Outline<'_>, id: Id) -> usize {
    outline
        .below(id)
        .take(200)
        .filter(|at| outline.tag(*at) == Tag::A && number(outline, *at).is_some())
        .count()
}

fn number(outline: &Outline<'_>, id: Id) -> Option<u32> {
    if outline.text_size(id) > 40 {
        return None;
    }
    let text = outline.text_up_to(id, 20, false);
    text.trim_matches(|c: char| !c.is_ascii_digit())
        .parse()
        .ok()
        .filter(|n| *n < 100_000 && text.chars().count() <= 6)
}

/// Numbered links looked at.
const NUMBERED_MAX: usize = 300;

/// In a row of numbered links with one number that is no link (the current page), the link with the number after it.
fn number_after_current(outline: &Outline<'_>, anchors: &Anchors) -> Option<String> {
    let numbered: Vec<(u32, &Anchor)> =
        anchors.list.iter().filter_map(|a| Some((number(outline, a.id)?, a))).take(NUMBERED_MAX).collect();
    for (_, anchor) in numbered.iter().take(200) {
        let Some(row) =
            outline.ancestors(anchor.id).take(4).find(|above| numbered_links(outline, *above) >= 2)
        else {
            continue;
        };
        if outline.text_size(row) > 300 {
            continue;
        }
        let mut linked: Vec<u32> =
            numbered.iter().filter(|(_, a)| outline.contains(row, a.id)).map(|(number, _)| *number).collect();
        linked.sort_unstable();
        // The current page: a number in the row that is not linked, or page 1 where the row begins with 2.
        let plain = outline
            .runs_of(row)
            .iter()
            .filter(|run| !outline.has(run.parent, mark::LINKED))
            .find_map(|run| {
                let number: u32 =
                    outline.run_text(run).trim().trim_matches(|c: char| !c.is_ascii_digit()).parse().ok()?;
                (!linked.contains(&number)).then_some(number)
            });
        let current = plain.unwrap_or(if linked.first() == Some(&2) { 1 } else { continue });
        if let Some((_, next)) =
            numbered.iter().find(|(number, a)| *number == current + 1 && outline.contains(row, a.id))
        {
            return Some(anchors.url(next).to_owned());
        }
    }
    None
}
