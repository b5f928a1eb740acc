//! The part of CSS that can be asked of the flat outline: tags, classes, ids, attributes, and what stands inside what.
//!
//! No tree is built. Each element is looked up once, by its tag, id and classes, among all selectors of a set; only
//! where the last part of a selector fits are its ancestors looked at, and there are at most as many of those as the
//! outline is deep.

use std::collections::HashMap;

use super::outline::{Id, Outline, Tag, mark};

/// Elements that one selector finds.
const FOUND_MAX: usize = 1000;
/// Selectors tried at elements of one page. Each may look at every element above; real pages need some thousands.
const CHECKS_MAX: usize = 20_000;

/// Several selectors that are run in one pass over the elements.
#[derive(Debug, Default)]
pub(super) struct SelectorSet {
    selectors: Vec<Selector>,
    by_class: HashMap<String, Vec<usize>>,
    by_id: HashMap<String, Vec<usize>>,
    by_tag: HashMap<Tag, Vec<usize>>,
    /// Lengths (modulo 64) of the classes that are looked for: most others are told apart by theirs.
    class_lengths: u64,
}

#[derive(Debug)]
struct Selector {
    last: Compound,
    /// From the inside out.
    above: Vec<(Nesting, Compound)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nesting {
    Child,
    Descendant,
}

#[derive(Debug, Default)]
struct Compound {
    tag: Option<String>,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Id(String),
    Class(String),
    Attribute { name: String, test: Test, value: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Present,
    Equal,
    Begins,
    Ends,
    Contains,
}

impl SelectorSet {
    /// Adds a selector and answers with its place in what [`Self::find`] gives.
    pub(super) fn add(&mut self, written: &str) -> Result<usize, String> {
        let selector = parse(written)?;
        let place = self.selectors.len();
        let class = selector.last.parts.iter().find_map(|part| match part {
            Part::Class(name) => Some(name.clone()),
            _ => None,
        });
        let id = selector.last.parts.iter().find_map(|part| match part {
            Part::Id(name) => Some(name.clone()),
            _ => None,
        });
        if let Some(id) = id {
            self.by_id.entry(id).or_default().push(place);
        } else if let Some(class) = class {
            self.class_lengths |= 1 << (class.len() % 64);
            self.by_class.entry(class).or_default().push(place);
        } else if let Some(tag) = &selector.last.tag {
            self.by_tag.entry(Tag::named(tag.as_bytes())).or_default().push(place);
        } else {
            return Err("the last part needs a tag, a class or an id".to_owned());
        }
        self.selectors.push(selector);
        Ok(place)
    }

    /// The elements of `ids` that each selector finds, in page order, in the order the selectors were added.
    pub(super) fn find(&self, outline: &Outline<'_>, ids: impl Iterator<Item = Id>) -> Vec<Vec<Id>> {
        let mut found: Vec<Vec<Id>> = vec![Vec::new(); self.selectors.len()];
        let mut left = CHECKS_MAX;
        let mut check = |id: Id, places: Option<&Vec<usize>>| {
            for place in places.into_iter().flatten() {
                left = usize::saturating_sub(left, 1);
                if left == 0 {
                    return;
                }
                let (Some(selector), Some(list)) = (self.selectors.get(*place), found.get_mut(*place)) else {
                    continue;
                };
                if list.last() != Some(&id) && list.len() < FOUND_MAX && selector.fits(outline, id) {
                    list.push(id);
                }
            }
        };
        for id in ids {
            if outline.has(id, mark::CLASS) {
                for class in outline.class(id).split_ascii_whitespace() {
                    if self.class_lengths & (1 << (class.len() % 64)) != 0 {
                        check(id, self.by_class.get(class));
                    }
                }
            }
            if !self.by_id.is_empty() && outline.has(id, mark::ID) {
                check(id, self.by_id.get(outline.id_attribute(id)));
            }
            if !self.by_tag.is_empty() {
                check(id, self.by_tag.get(&outline.tag(id)));
            }
        }
        found
    }
}

impl Selector {
    fn fits(&self, outline: &Outline<'_>, id: Id) -> bool {
        self.last.fits(outline, id) && above_fits(outline, id, &self.above)
    }
}

/// Whether the ancestors of `id` are what `above` asks for. An inner part takes the nearest ancestor that fits, which
/// leaves most to the outer ones; only a `>` can make that choice wrong, and then the next one is tried.
fn above_fits(outline: &Outline<'_>, id: Id, above: &[(Nesting, Compound)]) -> bool {
    let Some(((nesting, compound), rest)) = above.split_first() else { return true };
    match nesting {
        Nesting::Child => outline
            .parent(id)
            .is_some_and(|parent| compound.fits(outline, parent) && above_fits(outline, parent, rest)),
        Nesting::Descendant => {
            let by_nesting = rest.iter().all(|(nesting, _)| *nesting == Nesting::Descendant);
            let mut fitting = outline.ancestors(id).filter(|at| compound.fits(outline, *at));
            if by_nesting {
                return fitting.next().is_some_and(|at| above_fits(outline, at, rest));
            }
            fitting.any(|at| above_fits(outline, at, rest))
        }
    }
}

impl Compound {
    fn fits(&self, outline: &Outline<'_>, id: Id) -> bool {
        self.tag.as_deref().is_none_or(|tag| has_tag(outline, id, tag))
            && self.parts.iter().all(|part| match part {
                Part::Id(name) => outline.has(id, mark::ID) && outline.id_attribute(id) == name,
                Part::Class(name) => outline.class(id).split_ascii_whitespace().any(|class| class == name),
                Part::Attribute { name, test, value } => {
                    outline.raw_attribute(id, name).is_some_and(|written| match test {
                        Test::Present => true,
                        Test::Equal => written == value,
                        Test::Begins => written.starts_with(value.as_str()),
                        Test::Ends => written.ends_with(value.as_str()),
                        Test::Contains => written.contains(value.as_str()),
                    })
                }
            })
    }
}

fn has_tag(outline: &Outline<'_>, id: Id, name: &str) -> bool {
    let known = Tag::named(name.as_bytes());
    if known != Tag::Other {
        return outline.tag(id) == known;
    }
    // Elements of a shop's own (`product-info`) stand in the source only.
    let Some(element) = outline.element(id).filter(|e| e.tag == Tag::Other) else { return false };
    let rest = outline.source.get(element.start as usize + 1..).unwrap_or("");
    rest.get(..name.len()).is_some_and(|written| written.eq_ignore_ascii_case(name))
        && !rest.get(name.len()..).unwrap_or("").starts_with(|c: char| c.is_alphanumeric() || c == '-')
}

fn parse(written: &str) -> Result<Selector, String> {
    let mut compounds: Vec<(Nesting, Compound)> = Vec::new();
    let mut nesting = Nesting::Descendant;
    let mut rest = written.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('>') {
            if compounds.is_empty() || nesting == Nesting::Child {
                return Err("a > stands between two elements".to_owned());
            }
            nesting = Nesting::Child;
            rest = after.trim_start();
            continue;
        }
        let (compound, after) = compound(rest)?;
        compounds.push((nesting, compound));
        nesting = Nesting::Descendant;
        rest = after.trim_start();
    }
    if nesting == Nesting::Child {
        return Err("nothing follows the >".to_owned());
    }
    // Each part carries how it hangs below the one before it; from the inside out that belongs to the outer one.
    let mut above = Vec::new();
    let Some((mut hangs, last)) = compounds.pop() else { return Err("it is empty".to_owned()) };
    while let Some((outer_hangs, outer)) = compounds.pop() {
        above.push((hangs, outer));
        hangs = outer_hangs;
    }
    Ok(Selector { last, above })
}

/// The compound at the front of `text`, and what follows it.
fn compound(text: &str) -> Result<(Compound, &str), String> {
    let mut compound = Compound::default();
    let (tag, mut rest) = name(text);
    if !tag.is_empty() {
        compound.tag = Some(tag.to_ascii_lowercase());
    }
    loop {
        if let Some(after) = rest.strip_prefix('.') {
            let (class, tail) = name(after);
            compound.parts.push(Part::Class(named(class)?));
            rest = tail;
        } else if let Some(after) = rest.strip_prefix('#') {
            let (id, tail) = name(after);
            compound.parts.push(Part::Id(named(id)?));
            rest = tail;
        } else if let Some(after) = rest.strip_prefix('[') {
            let (part, tail) = attribute(after)?;
            compound.parts.push(part);
            rest = tail;
        } else {
            break;
        }
    }
    if compound.tag.is_none() && compound.parts.is_empty() {
        return Err(format!("{text:?} is none of tag, .class, #id, [attribute], space and >"));
    }
    if !rest.is_empty() && !rest.starts_with(|c: char| c.is_whitespace() || c == '>') {
        return Err(format!("{rest:?} is none of tag, .class, #id, [attribute], space and >"));
    }
    Ok((compound, rest))
}

fn name(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(text.len());
    text.split_at(end)
}

fn named(name: &str) -> Result<String, String> {
    if name.is_empty() { Err("a . or # names nothing".to_owned()) } else { Ok(name.to_owned()) }
}

/// `name]`, `name=value]`, `name^="value"]` and so on.
fn attribute(text: &str) -> Result<(Part, &str), String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | ':'))).unwrap_or(0);
    let (name, mut rest) = text.split_at(end);
    let name = named(name)?.to_ascii_lowercase();
    if let Some(tail) = rest.strip_prefix(']') {
        return Ok((Part::Attribute { name, test: Test::Present, value: String::new() }, tail));
    }
    let tests = [("=", Test::Equal), ("^=", Test::Begins), ("$=", Test::Ends), ("*=", Test::Contains)];
    let found = tests.iter().find_map(|(sign, test)| Some((rest.strip_prefix(sign)?, *test)));
    let Some((after, test)) = found else { return Err(format!("{rest:?} is no test of an attribute")) };
    rest = after;
    let (value, tail) = match rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        Some(quote) => {
            rest.get(1..).and_then(|inner| inner.split_once(quote)).ok_or("a quotation mark is not closed")?
        }
        None => rest.split_at(rest.find(']').ok_or("a [ has no ]")?),
    };
    let tail = tail.strip_prefix(']').ok_or("a [ has no ]")?;
    Ok((Part::Attribute { name, test, value: value.to_owned() }, tail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::scan;

    fn texts(page: &str, selector: &str) -> Vec<String> {
        let outline = scan::outline(page);
        let mut set = SelectorSet::default();
        set.add(selector).unwrap();
        let found = set.find(&outline, outline.ids());
        found.concat().into_iter().map(|id| outline.text(id)).collect()
    }

    #[test]
    fn selectors_find_what_css_says_they_find() {
        let page = "<body id=product class='page one'><div class='box sale'><p class=price>1</p><b data-x='a-b'>2</b></div>\
                    <div class=box><div><p class='price old'>3</p></div></div><my-price class=price>4</my-price>\
                    <ul><li><a rel=next href=/2>5</a></ul></body>";
        for (selector, expected) in [
            (".price", vec!["1", "3", "4"]),
            ("p.price", vec!["1", "3"]),
            ("p.price.old", vec!["3"]),
            (".sale .price", vec!["1"]),
            (".box > .price", vec!["1"]),
            (".box>div>p", vec!["3"]),
            ("#product .old", vec!["3"]),
            ("body#product.page .sale b", vec!["2"]),
            ("my-price", vec!["4"]),
            ("my", vec![]),
            ("b[data-x]", vec!["2"]),
            ("b[data-x=a-b]", vec!["2"]),
            ("b[data-x^=\"a\"]", vec!["2"]),
            ("b[data-x$='b']", vec!["2"]),
            ("b[data-x*=-]", vec!["2"]),
            ("b[data-x=a]", vec![]),
            ("li a[rel=next]", vec!["5"]),
            (".one .box div .price", vec!["3"]),
            (".sale > div .price", vec![]),
        ] {
            assert_eq!(texts(page, selector), expected, "{selector}");
        }
    }

    #[test]
    fn a_child_below_several_ancestors_is_found_by_any_of_them() {
        let page = "<div class=a><div class=b><i></i><div class=b><p>x</p></div></div></div>";
        assert_eq!(texts(page, ".a > .b p"), ["x"]);
        assert_eq!(texts(page, ".a > .b > p"), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for selector in
            ["", ">", "a >", "> a", "a + b", "a:hover", "a,b", "*", "[href]", "a[b", "a.", "a[b~=c]"]
        {
            assert!(SelectorSet::default().add(selector).is_err(), "{selector}");
        }
    }
}
