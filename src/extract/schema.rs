//! schema.org nodes (from JSON-LD, microdata or `RDFa` Lite, all as JSON values) → records, breadcrumbs, lists.
//!
//! Property and type names are compared without their vocabulary and case: `http://schema.org/Offers` is `offers`.

use serde_json::{Map, Value};

use super::lenient;
use super::outline::{Outline, Tag};
use super::record::{Field, Origin, Record, Role};
use super::text;

/// JSON-LD blocks read of a page; the largest real pages have some 100.
const BLOCKS_MAX: usize = 1000;
/// Bytes of JSON-LD read of a page: a parsed value takes up to 30 times its text in memory.
const JSON_LD_BYTES: usize = 3 * 1024 * 1024;
/// Records kept a syntax: a category page lists some hundreds.
const RECORDS_MAX: usize = 1000;
/// Nodes visited a syntax, references followed included.
const NODES_MAX: usize = 50_000;
/// Offers read of one product.
const OFFERS_MAX: usize = 500;

/// What one syntax says.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) records: Vec<Record>,
    /// Names of a `BreadcrumbList`, outermost first.
    pub(super) breadcrumbs: Vec<String>,
    /// The page calls itself an article.
    pub(super) article: bool,
    /// The page calls itself a list.
    pub(super) list: bool,
    /// URLs of `ItemList` entries that carry nothing else.
    pub(super) listed_urls: Vec<String>,
    pub(super) problems: Vec<String>,
}

/// Every JSON-LD block of the page.
pub(super) fn json_ld(outline: &Outline<'_>) -> Graph {
    let (mut values, mut problems) = (Vec::new(), Vec::new());
    let (mut blocks, mut bytes, mut broken) = (0, 0, 0);
    for id in outline.ids() {
        if outline.tag(id) != Tag::Script {
            continue;
        }
        let kind = outline.raw_attribute(id, "type").unwrap_or("").trim().to_ascii_lowercase();
        if !kind.starts_with("application/ld+json") && !kind.starts_with("application/json+ld") {
            continue;
        }
        let block = outline.inner(id);
        blocks += 1;
        bytes += block.len();
        if blocks > BLOCKS_MAX || bytes > JSON_LD_BYTES {
            problems.push(format!(
                "json-ld: more than {BLOCKS_MAX} blocks or {} MB: the rest was left out",
                JSON_LD_BYTES / (1024 * 1024)
            ));
            break;
        }
        let read = lenient::read(block);
        if read.is_empty() && !block.trim().is_empty() && block.trim() != "null" {
            broken += 1;
        }
        values.extend(read);
    }
    if broken > 0 {
        problems.push(format!("json-ld: {broken} block(s) hold no readable JSON"));
    }
    let mut graph = read(Origin::JsonLd, &values);
    graph.problems = problems;
    graph
}

/// Reads nodes of one syntax.
pub(super) fn read(origin: Origin, values: &[Value]) -> Graph {
    let mut reader = Reader { origin, by_id: Map::new(), graph: Graph::default(), visited: 0 };
    for value in values {
        reader.index(value, 0);
    }
    for (place, value) in values.iter().enumerate() {
        let path = if values.len() > 1 { format!("$[{place}]") } else { "$".to_owned() };
        reader.visit(value, &path, Role::Own, 0);
    }
    adopt(&mut reader.graph.records);
    reader.graph
}

/// An offer that names nothing is that of the only product, where that one has none.
fn adopt(records: &mut Vec<Record>) {
    let orphan = |record: &Record| record.role == Role::Own && !record.has(Field::Title);
    let bare = |record: &Record| {
        record.has(Field::Title) && !record.has(Field::Price) && !record.has(Field::Availability)
    };
    if records.len() == 2
        && let (Some(offer), Some(product)) = (records.iter().position(orphan), records.iter().position(bare))
    {
        let offer = records.get(offer).cloned();
        if let (Some(offer), Some(product)) = (offer, records.get_mut(product)) {
            product.claims.extend(offer.claims);
        }
        records.retain(|record| !orphan(record));
    }
}

/// The local name of a property or type: `http://schema.org/Product` and `schema:Product` are `product`.
fn local(name: &str) -> String {
    name.rsplit(['/', '#', ':']).next().unwrap_or(name).to_ascii_lowercase()
}

/// A property by local name.
fn property<'v>(node: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    node.get(name)
        .or_else(|| node.iter().find(|(key, _)| local(key) == name).map(|(_, value)| value))
        .filter(|value| !value.is_null())
}

fn types(node: &Map<String, Value>) -> Vec<String> {
    let main = node.get("@type").or_else(|| node.get("type"));
    let more = node.get("additionalType");
    let values = main.into_iter().chain(more.filter(|_| main.is_some()));
    values.flat_map(items).filter_map(|v| v.as_str()).map(local).collect()
}

/// A value as a list, nested lists flattened.
fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().flat_map(items).take(OFFERS_MAX * 4).collect(),
        Value::Null => Vec::new(),
        other => vec![other],
    }
}

fn is_product(kind: &str) -> bool {
    matches!(
        kind,
        "product"
            | "productgroup"
            | "productmodel"
            | "individualproduct"
            | "someproducts"
            | "vehicle"
            | "car"
            | "motorcycle"
            | "book"
            | "drug"
            | "dietarysupplement"
            | "mobileapplication"
            | "softwareapplication"
            | "productcollection"
            | "course"
            | "event"
            | "apartment"
            | "accommodation"
            | "singlefamilyresidence"
            | "videogame"
            | "movie"
            | "musicalbum"
            | "cd"
            | "service"
            | "musicevent"
            | "theaterevent"
            | "sportsevent"
    ) || kind.ends_with("product")
}

/// Kinds that are offers only when they carry `offers`: an article may be about an event.
fn needs_offer(kind: &str) -> bool {
    matches!(
        kind,
        "event"
            | "course"
            | "movie"
            | "book"
            | "service"
            | "mobileapplication"
            | "softwareapplication"
            | "musicalbum"
            | "videogame"
            | "apartment"
            | "accommodation"
            | "singlefamilyresidence"
            | "musicevent"
            | "theaterevent"
            | "sportsevent"
            | "cd"
    )
}

struct Reader {
    origin: Origin,
    by_id: Map<String, Value>,
    graph: Graph,
    visited: usize,
}

impl Reader {
    /// Notes nodes that carry an `@id` and say something, so that references find them.
    fn index(&mut self, value: &Value, depth: usize) {
        self.visited += 1;
        if depth > 20 || self.visited > NODES_MAX {
            return;
        }
        match value {
            Value::Array(list) => list.iter().for_each(|item| self.index(item, depth + 1)),
            Value::Object(node) => {
                if let Some(id) = node.get("@id").and_then(Value::as_str)
                    && node.len() > 1
                    && !self.by_id.contains_key(id)
                    && self.by_id.len() < RECORDS_MAX
                {
                    self.by_id.insert(id.to_owned(), Value::Object(shallow(node)));
                }
                node.values().for_each(|item| self.index(item, depth + 1));
            }
            _ => {}
        }
    }

    /// The node that a bare reference means.
    fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value {
            Value::Object(node) if node.len() <= 2 => node
                .get("@id")
                .and_then(Value::as_str)
                .filter(|_| node.keys().all(|key| key.starts_with('@')))
                .and_then(|id| self.by_id.get(id))
                .unwrap_or(value),
            _ => value,
        }
    }

    fn visit(&mut self, value: &Value, path: &str, role: Role, depth: usize) {
        self.visited += 1;
        if depth > 20 || self.visited > 2 * NODES_MAX || self.graph.records.len() >= RECORDS_MAX {
            return;
        }
        match value {
            Value::Array(list) => {
                for (place, item) in list.iter().enumerate() {
                    self.visit(item, &format!("{path}[{place}]"), role, depth + 1);
                }
            }
            Value::Object(node) => self.visit_node(node, path, role, depth),
            _ => {}
        }
    }

    fn visit_node(&mut self, node: &Map<String, Value>, path: &str, role: Role, depth: usize) {
        let kinds = types(node);
        let is = |kind: &str| kinds.iter().any(|known| known == kind);
        if is("breadcrumblist") && role == Role::Own {
            let names = self.breadcrumb_names(node);
            if names.len() > self.graph.breadcrumbs.len() {
                self.graph.breadcrumbs = names;
            }
            return;
        }
        if kinds.iter().any(|kind| kind.ends_with("article") || kind.ends_with("posting") || kind == "recipe")
        {
            self.graph.article |= role == Role::Own;
        }
        self.graph.list |=
            role == Role::Own && (is("collectionpage") || is("searchresultspage") || is("offercatalog"));
        let sellable = kinds.iter().any(|kind| is_product(kind) && !needs_offer(kind));
        let offered = kinds.iter().any(|kind| needs_offer(kind)) && property(node, "offers").is_some();
        let mut variant_of = role;
        if sellable || offered {
            let record = self.product(node, path, role);
            let at = self.graph.records.len();
            self.graph.records.push(record);
            variant_of = if role == Role::Related || role == Role::Listed { role } else { Role::Variant(at) };
        } else if (is("offer") || is("aggregateoffer")) && role != Role::Related {
            // An offer that no product holds; one that was referenced is read there.
            let mut record = Record::new(self.origin, path.to_owned());
            record.role = role;
            record.typed = true;
            self.offers(&[&Value::Object(node.clone())], &mut record);
            if let Some(item) = property(node, "itemoffered") {
                let named = item.as_str().and_then(|id| self.by_id.get(id));
                let item = named.unwrap_or_else(|| self.resolve(item)).clone();
                if let Value::Object(item) = &item {
                    self.product_fields(item, &mut record);
                }
            }
            if record.has(Field::Price) || record.has(Field::Title) || record.has(Field::Availability) {
                self.graph.records.push(record);
            }
            return;
        }
        for (key, child) in node {
            let name = local(key);
            let child_role = match name.as_str() {
                "isrelatedto"
                | "issimilarto"
                | "isaccessoryorsparepartfor"
                | "isconsumablefor"
                | "review"
                | "reviews"
                | "aggregaterating"
                | "related"
                | "recommendations"
                | "subjectof" => Role::Related,
                "itemlistelement" | "itemlist" => Role::Listed,
                "hasvariant" | "model" | "isvariantof" => variant_of,
                "offers" | "brand" | "manufacturer" | "image" | "seller" | "additionalproperty"
                | "author"
                    if sellable || offered =>
                {
                    continue;
                }
                "@context" => continue,
                _ => role,
            };
            let list = is("itemlist") || is("offercatalog") || is("collectionpage");
            let child_role = if list && name == "itemlistelement" { Role::Listed } else { child_role };
            if name == "itemlistelement" {
                self.listed(child);
            }
            self.visit(child, &format!("{path}.{key}"), child_role, depth + 1);
        }
    }

    fn listed(&mut self, value: &Value) {
        let entries = items(value);
        self.graph.list |= entries.len() > 1;
        for entry in entries.into_iter().filter_map(Value::as_object) {
            let url =
                property(entry, "url").or_else(|| property(entry, "item").filter(|item| item.is_string()));
            if let Some(url) = url.and_then(Value::as_str)
                && self.graph.listed_urls.len() < RECORDS_MAX
            {
                self.graph.listed_urls.push(url.to_owned());
            }
        }
    }

    fn breadcrumb_names(&self, node: &Map<String, Value>) -> Vec<String> {
        let Some(list) = property(node, "itemlistelement") else { return Vec::new() };
        let mut entries: Vec<(f64, String)> = Vec::new();
        for (place, entry) in items(list).into_iter().enumerate().take(30) {
            let entry = self.resolve(entry);
            let name = match entry {
                Value::Object(entry) => property(entry, "name")
                    .or_else(|| {
                        property(entry, "item")
                            .and_then(|item| property(self.resolve(item).as_object()?, "name"))
                    })
                    .map(|name| self.label(name))
                    .unwrap_or_default(),
                other => self.label(other),
            };
            #[expect(clippy::cast_precision_loss, reason = "at most 30 entries")]
            let position = entry
                .as_object()
                .and_then(|entry| property(entry, "position"))
                .and_then(|p| p.as_f64().or_else(|| p.as_str()?.trim().parse().ok()))
                .unwrap_or(place as f64);
            if !name.is_empty() {
                entries.push((position, name));
            }
        }
        entries.sort_by(|a, b| a.0.total_cmp(&b.0));
        entries.into_iter().map(|(_, name)| name).collect()
    }

    /// A value as one line of text: a string, a number, or the name of a thing.
    fn label(&self, value: &Value) -> String {
        match self.resolve(value) {
            Value::String(written) => text::line(written),
            Value::Number(number) => number.to_string(),
            Value::Array(list) => {
                list.iter().map(|v| self.label(v)).find(|v| !v.is_empty()).unwrap_or_default()
            }
            Value::Object(node) => ["name", "@value", "value", "legalname", "alternatename"]
                .iter()
                .filter_map(|key| property(node, key))
                .map(|v| self.label(v))
                .find(|v| !v.is_empty())
                .unwrap_or_default(),
            _ => String::new(),
        }
    }

    fn product(&mut self, node: &Map<String, Value>, path: &str, role: Role) -> Record {
        let mut record = Record::new(self.origin, path.to_owned());
        record.role = role;
        record.typed = true;
        self.product_fields(node, &mut record);
        if let Some(offers) = property(node, "offers") {
            let offers: Vec<Value> =
                items(offers).into_iter().map(|o| self.resolve(o).clone()).take(OFFERS_MAX).collect();
            self.offers(&offers.iter().collect::<Vec<_>>(), &mut record);
        } else {
            // Some shops put the price on the product itself.
            self.offers(&[&Value::Object(shallow(node))], &mut record);
        }
        if let Some(variants) = property(node, "hasvariant")
            && !record.has(Field::Price)
        {
            let offers: Vec<Value> = items(variants)
                .into_iter()
                .filter_map(|variant| property(self.resolve(variant).as_object()?, "offers"))
                .flat_map(items)
                .map(|offer| self.resolve(offer).clone())
                .take(OFFERS_MAX)
                .collect();
            self.offers(&offers.iter().collect::<Vec<_>>(), &mut record);
        }
        record
    }

    fn product_fields(&self, node: &Map<String, Value>, record: &mut Record) {
        let simple = [
            ("name", Field::Title),
            ("sku", Field::Sku),
            ("mpn", Field::Mpn),
            ("brand", Field::Brand),
            ("url", Field::Url),
            ("productid", Field::Sku),
            ("productgroupid", Field::Sku),
        ];
        for (name, field) in simple {
            let Some(value) = property(node, name) else { continue };
            // Several names are those of other things inside an item that was not closed.
            let most = if field == Field::Title { 1 } else { 3 };
            for item in items(value).into_iter().take(most) {
                record.claim(field, self.label(item), name);
            }
        }
        if let Some(description) = property(node, "description") {
            record.claim(Field::Description, self.label(description), "description");
        }
        for name in ["gtin", "gtin13", "gtin14", "gtin12", "gtin8", "isbn", "ean", "upc", "productid"] {
            for item in property(node, name).map(items).unwrap_or_default().into_iter().take(8) {
                let written = self.label(item);
                // productID holds a GTIN only where it says so.
                if name != "productid" || written.contains(':') {
                    record.claim(Field::Gtin, written, name);
                }
            }
        }
        for name in ["manufacturer", "author"] {
            if let Some(maker) = property(node, name).filter(|_| name == "manufacturer") {
                let maker = self.label(maker);
                if !record.has(Field::Brand) {
                    record.claim(Field::Brand, maker.clone(), name);
                }
                record.attribute("manufacturer".to_owned(), maker);
            }
        }
        self.identifiers(node, record);
        for image in property(node, "image").map(items).unwrap_or_default().into_iter().take(40) {
            let address = match self.resolve(image) {
                Value::Object(picture) => ["contenturl", "url", "@id"]
                    .iter()
                    .find_map(|key| {
                        property(picture, key).and_then(|v| items(v).first().and_then(|v| v.as_str()))
                    })
                    .unwrap_or("")
                    .to_owned(),
                other => other.as_str().unwrap_or("").to_owned(),
            };
            record.claim(Field::Image, address.trim().to_owned(), "image");
        }
        if let Some(category) = property(node, "category") {
            for item in items(category).into_iter().take(20) {
                record.claim(Field::Category, self.label(item), "category");
            }
        }
        if let Some(rating) = property(node, "aggregaterating").and_then(|r| self.resolve(r).as_object()) {
            for (key, name) in [("ratingvalue", "ratingValue"), ("bestrating", "bestRating")] {
                if let Some(value) = property(rating, key) {
                    record.attribute(name.to_owned(), self.label(value));
                }
            }
        }
        for name in [
            "color",
            "size",
            "material",
            "weight",
            "width",
            "height",
            "depth",
            "pattern",
            "model",
            "itemcondition",
        ] {
            if let Some(value) = property(node, name) {
                record.attribute(name.to_owned(), self.quantity(value));
            }
        }
        for item in property(node, "additionalproperty").map(items).unwrap_or_default().into_iter().take(200)
        {
            if let Some(entry) = self.resolve(item).as_object()
                && let (Some(name), Some(value)) = (property(entry, "name"), property(entry, "value"))
            {
                record.attribute(self.label(name), self.quantity(value));
            }
        }
    }

    /// `identifier` as a text or as a `PropertyValue` that names its kind.
    fn identifiers(&self, node: &Map<String, Value>, record: &mut Record) {
        for item in property(node, "identifier").map(items).unwrap_or_default().into_iter().take(20) {
            let Some(entry) = self.resolve(item).as_object() else {
                if !record.has(Field::Sku) {
                    record.claim(Field::Sku, self.label(item), "identifier");
                }
                continue;
            };
            let kind =
                property(entry, "propertyid").or_else(|| property(entry, "name")).map(|k| self.label(k));
            let value = property(entry, "value").map(|v| self.label(v)).unwrap_or_default();
            let field = match kind.unwrap_or_default().to_ascii_lowercase().as_str() {
                kind if kind.starts_with("gtin") || matches!(kind, "ean" | "ean13" | "upc" | "isbn") => {
                    Field::Gtin
                }
                "mpn" => Field::Mpn,
                "sku" => Field::Sku,
                _ => continue,
            };
            record.claim(field, value, "identifier");
        }
    }

    /// A value with its unit.
    fn quantity(&self, value: &Value) -> String {
        if let Value::Object(node) = self.resolve(value)
            && let Some(amount) = property(node, "value")
        {
            let unit =
                property(node, "unittext").or_else(|| property(node, "unitcode")).map(|u| self.label(u));
            return format!("{} {}", self.label(amount), unit.unwrap_or_default()).trim().to_owned();
        }
        self.label(value)
            .rsplit_once("schema.org/")
            .map_or_else(|| self.label(value), |(_, name)| name.to_owned())
    }

    fn offers(&self, offers: &[&Value], record: &mut Record) {
        for offer in offers.iter().take(OFFERS_MAX) {
            let Some(offer) = self.resolve(offer).as_object() else {
                // "offers": "19.90 EUR"
                record.claim(Field::Price, self.label(offer), "offers");
                continue;
            };
            if let Some(nested) = property(offer, "offers") {
                let nested: Vec<Value> = items(nested).into_iter().map(|o| self.resolve(o).clone()).collect();
                if !["price", "lowprice"].iter().any(|key| property(offer, key).is_some()) {
                    self.offers(&nested.iter().collect::<Vec<_>>(), record);
                }
            }
            self.offer(offer, record);
        }
    }

    fn offer(&self, offer: &Map<String, Value>, record: &mut Record) {
        let mut now = false;
        let own = types(offer).iter().any(|kind| is_product(kind));
        for name in ["name", "itemoffered"].into_iter().filter(|_| !own) {
            if let Some(named) = property(offer, name) {
                record.form(self.label(named));
            }
        }
        for name in ["price", "lowprice", "minprice"] {
            let written = property(offer, name).map(|v| self.label(v)).unwrap_or_default();
            now |= !written.is_empty();
            record.claim(Field::Price, written, &format!("offers.{name}"));
        }
        for name in ["highprice", "maxprice"] {
            if let Some(value) = property(offer, name) {
                record.claim(Field::Max, self.label(value), &format!("offers.{name}"));
            }
        }
        if let Some(currency) = property(offer, "pricecurrency") {
            record.claim(Field::Currency, self.label(currency), "offers.priceCurrency");
        }
        for specification in
            property(offer, "pricespecification").map(items).unwrap_or_default().into_iter().take(20)
        {
            let Some(specification) = self.resolve(specification).as_object() else { continue };
            let kind =
                property(specification, "pricetype").map(|v| local(&self.label(v))).unwrap_or_default();
            let unit = property(specification, "referencequantity").is_some()
                && !matches!(kind.as_str(), "listprice" | "saleprice");
            let field = match kind.as_str() {
                "listprice" | "strikethroughprice" | "srp" | "msrp" | "regularprice" => Field::Regular,
                // The price of a kilogram, or delivery.
                _ if unit || types(specification).iter().any(|t| t == "deliverychargespecification") => {
                    continue;
                }
                _ if now => continue,
                _ => Field::Price,
            };
            for name in ["price", "minprice"] {
                if let Some(value) = property(specification, name) {
                    record.claim(field, self.label(value), "offers.priceSpecification.price");
                }
            }
            if let Some(value) = property(specification, "maxprice") {
                record.claim(Field::Max, self.label(value), "offers.priceSpecification.maxPrice");
            }
            if let Some(currency) = property(specification, "pricecurrency") {
                record.claim(
                    Field::Currency,
                    self.label(currency),
                    "offers.priceSpecification.priceCurrency",
                );
            }
        }
        if let Some(availability) = property(offer, "availability") {
            record.claim(Field::Availability, self.label(availability), "offers.availability");
        }
        for name in ["sku", "mpn"] {
            if let Some(value) = property(offer, name) {
                let field = if name == "sku" { Field::Sku } else { Field::Mpn };
                record.claim(field, self.label(value), &format!("offers.{name}"));
            }
        }
        for name in ["gtin", "gtin13", "gtin14", "gtin12", "gtin8"] {
            if let Some(value) = property(offer, name) {
                record.claim(Field::Gtin, self.label(value), &format!("offers.{name}"));
            }
        }
        if let Some(url) = property(offer, "url").and_then(Value::as_str)
            && !record.has(Field::Url)
        {
            record.claim(Field::Url, url.trim().to_owned(), "offers.url");
        }
        for name in ["seller", "offeredby"] {
            let Some(seller) = property(offer, name) else { continue };
            record.claim(Field::SellerName, self.label(seller), &format!("offers.{name}"));
            if let Some(node) = self.resolve(seller).as_object() {
                for (key, field) in [("url", Field::SellerUrl), ("identifier", Field::SellerId)] {
                    if let Some(value) = property(node, key) {
                        record.claim(field, self.label(value), &format!("offers.{name}.{key}"));
                    }
                }
            }
        }
    }
}

/// A node without its heavy children: enough for what a reference is followed for.
fn shallow(node: &Map<String, Value>) -> Map<String, Value> {
    node.iter()
        .filter(|(key, _)| {
            !matches!(local(key).as_str(), "review" | "reviews" | "hasvariant" | "isrelatedto" | "@graph")
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
