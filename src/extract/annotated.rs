//! Microdata and `RDFa` Lite → the same JSON values that JSON-LD gives, so that one reader serves all three.
//!
//! Microdata follows the HTML standard (5.2), `itemref` included; `RDFa` Lite 1.1 its five attributes.

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::elements;
use super::outline::{Id, Outline, Tag, mark};

/// Items read of a page.
const ITEMS_MAX: usize = 5000;
/// Nesting of items.
const DEPTH_MAX: usize = 16;
/// Elements visited and bytes of text taken: `itemref` and nested properties may ask for the same text again and again.
const WORK_MAX: usize = 8 * 1024 * 1024;
/// What one property costs of it: its value takes that much memory and more.
const PROPERTY_WORK: usize = 32;
/// Bytes of text taken from one property.
const VALUE_MAX: usize = 64 * 1024;

#[derive(Clone, Copy)]
enum Syntax {
    Microdata,
    Rdfa,
}

/// The top-level microdata items.
pub(super) fn microdata(outline: &Outline<'_>) -> Vec<Value> {
    Reader { outline, syntax: Syntax::Microdata, left: ITEMS_MAX, work: Cell::new(WORK_MAX), ids: None }.top()
}

/// The top-level `RDFa` nodes.
pub(super) fn rdfa(outline: &Outline<'_>) -> Vec<Value> {
    Reader { outline, syntax: Syntax::Rdfa, left: ITEMS_MAX, work: Cell::new(WORK_MAX), ids: None }.top()
}

struct Reader<'o, 'a> {
    outline: &'o Outline<'a>,
    syntax: Syntax,
    left: usize,
    work: Cell<usize>,
    /// Elements by `id`, built when the first `itemref` asks.
    ids: Option<HashMap<&'a str, Id>>,
}

impl<'a> Reader<'_, 'a> {
    fn scope_mark(&self) -> u16 {
        match self.syntax {
            Syntax::Microdata => mark::ITEMSCOPE,
            Syntax::Rdfa => mark::TYPEOF,
        }
    }

    fn property_mark(&self) -> u16 {
        match self.syntax {
            Syntax::Microdata => mark::ITEMPROP,
            Syntax::Rdfa => mark::PROPERTY,
        }
    }

    fn names(&self, id: Id) -> Vec<String> {
        let attribute = match self.syntax {
            Syntax::Microdata => "itemprop",
            Syntax::Rdfa => "property",
        };
        if !self.outline.has(id, self.property_mark()) {
            return Vec::new();
        }
        let names = self.outline.attribute(id, attribute).unwrap_or_default();
        names.split_ascii_whitespace().take(8).map(str::to_owned).collect()
    }

    fn top(mut self) -> Vec<Value> {
        let mut found = Vec::new();
        let mut orphans = Map::new();
        let mut id = 0;
        let end = self.outline.ids().end;
        while id < end && self.left > 0 {
            if self.outline.has(id, self.scope_mark()) {
                // Items that an item holds are its properties, or stand alone where they name none.
                found.push(self.item(id, 0, &mut Vec::new()));
                let mut loose = Vec::new();
                self.loose_items(id, &mut loose);
                found.append(&mut loose);
                id = self.outline.element(id).map_or(end, |e| e.end);
                continue;
            }
            if matches!(self.syntax, Syntax::Microdata)
                && !matches!(self.outline.tag(id), Tag::Meta | Tag::Link)
            {
                for name in self.names(id) {
                    let value = self.value(id);
                    add(&mut orphans, &name, value);
                }
            }
            id += 1;
        }
        // Properties that no item holds: what is left of an item whose `itemscope` a template lost.
        if orphans.contains_key("price") && found.is_empty() {
            orphans.insert("@type".to_owned(), Value::String("Product".to_owned()));
            found.push(Value::Object(orphans));
        }
        found
    }

    /// Items below `id` that are nobody's property, such as a Product inside a `WebPage` without `itemprop`.
    fn loose_items(&mut self, id: Id, found: &mut Vec<Value>) {
        for below in self.outline.below(id) {
            if self.left == 0 {
                return;
            }
            if self.outline.has(below, self.scope_mark()) && self.names(below).is_empty() {
                found.push(self.item(below, 0, &mut Vec::new()));
            }
        }
    }

    fn item(&mut self, id: Id, depth: usize, above: &mut Vec<Id>) -> Value {
        let mut node = Map::new();
        self.left = self.left.saturating_sub(1);
        let type_attribute = match self.syntax {
            Syntax::Microdata => "itemtype",
            Syntax::Rdfa => "typeof",
        };
        let kinds: Vec<Value> = self
            .outline
            .attribute(id, type_attribute)
            .unwrap_or_default()
            .split_ascii_whitespace()
            .map(|kind| Value::String(kind.to_owned()))
            .collect();
        node.insert("@type".to_owned(), Value::Array(kinds));
        let identity = match self.syntax {
            Syntax::Microdata => "itemid",
            Syntax::Rdfa => "resource",
        };
        if let Some(name) = self.outline.attribute(id, identity) {
            node.insert("@id".to_owned(), Value::String(name.trim().to_owned()));
        }
        if depth < DEPTH_MAX && self.left > 0 {
            above.push(id);
            self.properties(id, &mut node, depth, above);
            if matches!(self.syntax, Syntax::Microdata)
                && let Some(references) = self.outline.attribute(id, "itemref")
            {
                for reference in references.split_ascii_whitespace().take(20) {
                    let target = self.by_id(reference);
                    if let Some(target) = target.filter(|target| !above.contains(target)) {
                        self.property(target, &mut node, depth, above);
                        if !self.outline.has(target, self.scope_mark()) {
                            self.properties(target, &mut node, depth, above);
                        }
                    }
                }
            }
            above.pop();
        }
        Value::Object(node)
    }

    fn by_id(&mut self, name: &str) -> Option<Id> {
        let outline = self.outline;
        let ids = self.ids.get_or_insert_with(|| {
            let mut ids: HashMap<&'a str, Id> = HashMap::new();
            for id in outline.ids().filter(|id| outline.has(*id, mark::ID)) {
                ids.entry(outline.id_attribute(id)).or_insert(id);
            }
            ids
        });
        ids.get(name).copied()
    }

    /// Takes `amount` from the work that is left; false once it is used up.
    fn works(&self, amount: usize) -> bool {
        let left = self.work.get();
        self.work.set(left.saturating_sub(amount));
        left > 0
    }

    fn properties(&mut self, id: Id, node: &mut Map<String, Value>, depth: usize, above: &mut Vec<Id>) {
        let below = self.outline.below(id);
        let mut at = below.start;
        while at < below.end && self.left > 0 && self.works(1) {
            self.property(at, node, depth, above);
            at = if self.outline.has(at, self.scope_mark()) {
                self.outline.element(at).map_or(below.end, |e| e.end)
            } else {
                at + 1
            };
        }
    }

    fn property(&mut self, id: Id, node: &mut Map<String, Value>, depth: usize, above: &mut Vec<Id>) {
        let names = self.names(id);
        if names.is_empty() || !self.works(PROPERTY_WORK) {
            return;
        }
        let value = if self.outline.has(id, self.scope_mark()) {
            self.item(id, depth + 1, above)
        } else {
            self.value(id)
        };
        for name in names {
            add(node, &name, value.clone());
        }
    }

    /// The value of a property element: an attribute by its kind, else its text.
    fn value(&self, id: Id) -> Value {
        let outline = self.outline;
        let content = outline.attribute(id, "content").filter(|content| !content.trim().is_empty());
        if let Some(content) = content {
            return Value::String(content.trim().to_owned());
        }
        let attribute = match outline.tag(id) {
            Tag::A | Tag::Link => "href",
            Tag::Img | Tag::Iframe | Tag::Embed | Tag::Source | Tag::Video => "src",
            Tag::Object | Tag::Data | Tag::Meter => {
                if outline.tag(id) == Tag::Object {
                    "data"
                } else {
                    "value"
                }
            }
            Tag::Time => "datetime",
            Tag::Input => "value",
            _ => "resource",
        };
        let written = outline.attribute(id, attribute).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let lazy = || outline.attribute(id, "data-src").map(|v| v.trim().to_owned());
        let written = written.filter(|_| outline.tag(id) != Tag::Img || !self.names_something(id));
        let text = if self.works(0) { outline.text_up_to(id, VALUE_MAX, true) } else { String::new() };
        self.works(text.len());
        match outline.tag(id) {
            // `<a itemprop="brand" href>`: a link with a text names a thing; `url`, `item` and `sameAs` are addresses.
            Tag::A if !text.is_empty() && !self.is_address(id) => Value::String(text),
            _ if text.is_empty() && written.is_none() && self.names_something(id) => {
                Value::String(elements::brand_in(outline, id).unwrap_or_default())
            }
            Tag::Img => Value::String(written.or_else(lazy).unwrap_or_default()),
            _ => Value::String(written.unwrap_or(text)),
        }
    }

    /// A brand or maker may be shown as its logo.
    fn names_something(&self, id: Id) -> bool {
        self.names(id).iter().any(|name| {
            matches!(name.rsplit(['/', ':']).next().unwrap_or(name), "brand" | "manufacturer" | "name")
        })
    }

    fn is_address(&self, id: Id) -> bool {
        self.names(id).iter().any(|name| {
            let name = name.rsplit(['/', ':']).next().unwrap_or(name);
            matches!(
                name,
                "url"
                    | "item"
                    | "sameAs"
                    | "image"
                    | "availability"
                    | "itemCondition"
                    | "contentUrl"
                    | "mainEntityOfPage"
            )
        })
    }
}

/// Adds a value; a second one makes a list.
fn add(node: &mut Map<String, Value>, name: &str, value: Value) {
    if value.as_str().is_some_and(str::is_empty) {
        return;
    }
    match node.get_mut(name) {
        None => {
            node.insert(name.to_owned(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(known) => {
            let first = std::mem::take(known);
            *known = Value::Array(vec![first, value]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::scan::outline;
    use serde_json::json;

    #[test]
    fn microdata_becomes_nodes() {
        let source = r#"<div itemscope itemtype="http://schema.org/Product" itemref="more"><h1 itemprop="name">A</h1>
            <a itemprop="brand" href="/b">Acme</a><img itemprop=image src="a.jpg"><div itemprop="offers" itemscope
            itemtype="http://schema.org/Offer"><meta itemprop="price" content="9.90"><link itemprop=availability
            href="http://schema.org/InStock"></div></div><p id=more><i itemprop=sku>7</i></p>"#;
        assert_eq!(
            microdata(&outline(source)),
            [json!({"@type": ["http://schema.org/Product"], "name": "A", "brand": "Acme", "image": "a.jpg",
                "offers": {"@type": ["http://schema.org/Offer"], "price": "9.90",
                           "availability": "http://schema.org/InStock"}, "sku": "7"})]
        );
    }

    #[test]
    fn rdfa_becomes_nodes() {
        let source = r#"<div vocab="https://schema.org/" typeof="Product"><span property="name">A</span>
            <div property="offers" typeof="Offer"><span property="price" content="9.9">9,90</span></div></div>"#;
        assert_eq!(
            rdfa(&outline(source)),
            [json!({"@type": ["Product"], "name": "A", "offers": {"@type": ["Offer"], "price": "9.9"}})]
        );
    }
}
