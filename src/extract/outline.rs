//! The page as a flat arena: elements in document order, their attributes and the text between the tags.
//!
//! Subtrees are contiguous: the descendants of an element are the elements up to its `end`, its text the runs from
//! `first_run` to `last_run`. Everything is a range into the source, so the arena stays small. `scan` builds it.

use std::borrow::Cow;
use std::ops::Range;

use super::entity;

macro_rules! tags {
    ($($variant:ident $name:literal)*) => {
        /// An element's name; `Other` for those that no reader and no parsing rule knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(super) enum Tag { $($variant,)* Other }

        impl Tag {
            /// How many tags there are, `Other` included.
            pub(super) const COUNT: usize = Self::Other as usize + 1;

            /// The tag with this lower-case name.
            pub(super) fn named(name: &[u8]) -> Self {
                match name { $($name => Self::$variant,)* _ => Self::Other }
            }
        }
    };
}

tags! {
    A b"a" Address b"address" Article b"article" Aside b"aside" B b"b" Base b"base" Big b"big"
    Blockquote b"blockquote" Body b"body" Br b"br" Button b"button" Caption b"caption" Col b"col" Data b"data"
    Dd b"dd" Del b"del" Details b"details" Div b"div" Dl b"dl" Dt b"dt" Em b"em" Embed b"embed"
    Fieldset b"fieldset" Figcaption b"figcaption" Figure b"figure" Font b"font" Footer b"footer" Form b"form"
    Frame b"frame" H1 b"h1" H2 b"h2" H3 b"h3" H4 b"h4" H5 b"h5" H6 b"h6" Head b"head" Header b"header" Hr b"hr"
    Html b"html" I b"i" Iframe b"iframe" Img b"img" Input b"input" Ins b"ins" Label b"label" Legend b"legend"
    Li b"li" Link b"link" Main b"main" Math b"math" Menu b"menu" Meta b"meta" Meter b"meter" Nav b"nav"
    Noembed b"noembed" Noframes b"noframes" Noscript b"noscript" Object b"object" Ol b"ol" Option b"option"
    Optgroup b"optgroup" P b"p" Param b"param" Picture b"picture" Pre b"pre" S b"s" Script b"script"
    Section b"section" Select b"select" Small b"small" Source b"source" Span b"span" Strike b"strike"
    Strong b"strong" Style b"style" Sub b"sub" Summary b"summary" Sup b"sup" Svg b"svg" Table b"table"
    Tbody b"tbody" Td b"td" Template b"template" Textarea b"textarea" Tfoot b"tfoot" Th b"th" Thead b"thead"
    Time b"time" Title b"title" Tr b"tr" Track b"track" U b"u" Ul b"ul" Video b"video" Wbr b"wbr" Xmp b"xmp"
}

impl Tag {
    /// Elements that never have content.
    pub(super) fn is_void(self) -> bool {
        use Tag::{Base, Br, Col, Embed, Frame, Hr, Img, Input, Link, Meta, Param, Source, Track, Wbr};
        matches!(
            self,
            Base | Br | Col | Embed | Frame | Hr | Img | Input | Link | Meta | Param | Source | Track | Wbr
        )
    }

    /// Elements whose content is text up to their own end tag.
    pub(super) fn is_raw(self) -> bool {
        use Tag::{Iframe, Noembed, Noframes, Noscript, Script, Style, Textarea, Title, Xmp};
        matches!(self, Iframe | Noembed | Noframes | Noscript | Script | Style | Textarea | Title | Xmp)
    }

    /// Elements that do not break a word that runs through them.
    pub(super) fn is_inline(self) -> bool {
        use Tag::{
            A, B, Big, Data, Del, Em, Font, I, Ins, Meter, S, Small, Span, Strike, Strong, Sub, Sup, Time, U,
            Wbr,
        };
        matches!(
            self,
            A | B
                | Big
                | Data
                | Del
                | Em
                | Font
                | I
                | Ins
                | Meter
                | S
                | Small
                | Span
                | Strike
                | Strong
                | Sub
                | Sup
                | Time
                | U
                | Wbr
                | Self::Other
        )
    }

    /// Elements across which the end tag of another element does not reach ("special" in the HTML standard).
    pub(super) fn is_special(self) -> bool {
        !self.is_inline()
            && !matches!(
                self,
                Self::Label | Self::Legend | Self::Svg | Self::Math | Self::Picture | Self::Video
            )
    }

    pub(super) fn is_heading(self) -> bool {
        matches!(self, Self::H1 | Self::H2 | Self::H3 | Self::H4 | Self::H5 | Self::H6)
    }
}

/// Facts about an element that readers look for, so that they find it without reading attributes.
pub(super) mod mark {
    pub(crate) const ITEMPROP: u16 = 1;
    pub(crate) const ITEMSCOPE: u16 = 1 << 1;
    pub(crate) const PROPERTY: u16 = 1 << 2;
    pub(crate) const TYPEOF: u16 = 1 << 3;
    pub(crate) const CLASS: u16 = 1 << 4;
    pub(crate) const ID: u16 = 1 << 5;
    pub(crate) const DATA: u16 = 1 << 6;
    /// Not shown: `hidden`, `display:none`, or inside an element that never is.
    pub(crate) const HIDDEN: u16 = 1 << 7;
    /// Inside `nav`, `footer`, `aside` or the page's own `header`.
    pub(crate) const FRAME: u16 = 1 << 8;
    /// Struck through: inside `del`, `s` or `strike`.
    pub(crate) const STRUCK: u16 = 1 << 9;
    /// Inside a link.
    pub(crate) const LINKED: u16 = 1 << 10;
    /// Has an `aria-label`.
    pub(crate) const LABEL: u16 = 1 << 11;
}

/// An element, by its place in document order.
pub(super) type Id = u32;

#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) tag: Tag,
    pub(super) marks: u16,
    pub(super) depth: u16,
    pub(super) attribute_count: u16,
    /// What class and id say, as `names` tells it.
    pub(super) named: u16,
    pub(super) first_attribute: u32,
    /// The element that holds this one; the root is its own parent.
    pub(super) parent: Id,
    /// One past the last descendant.
    pub(super) end: Id,
    pub(super) first_run: u32,
    pub(super) last_run: u32,
    /// Where the tag starts and its content starts and ends, in bytes of the source.
    pub(super) start: u32,
    pub(super) inner_start: u32,
    pub(super) inner_end: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Attribute {
    pub(super) name: u32,
    pub(super) name_length: u32,
    pub(super) value: u32,
    pub(super) value_length: u32,
}

/// What stands between a run and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    None,
    Space,
    Block,
}

/// Text between two tags.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) length: u32,
    pub(super) parent: Id,
    pub(super) gap: Gap,
    pub(super) hidden: bool,
}

/// The page.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    pub(super) source: &'a str,
    pub(super) elements: Vec<Element>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) runs: Vec<Run>,
    /// Bytes of shown text before each run, and of all at the end: sizes of subtrees are asked for all the time.
    pub(super) shown_before: Vec<u32>,
    /// What was cut, in words for people.
    pub(super) cuts: Vec<String>,
}

/// The most text that is taken from one element: a long description, not a whole forum.
pub(super) const TEXT_MAX: usize = 64 * 1024;

impl<'a> Outline<'a> {
    pub(super) fn element(&self, id: Id) -> Option<&Element> {
        self.elements.get(id as usize)
    }

    pub(super) fn tag(&self, id: Id) -> Tag {
        self.element(id).map_or(Tag::Other, |e| e.tag)
    }

    pub(super) fn has(&self, id: Id, marks: u16) -> bool {
        self.element(id).is_some_and(|e| e.marks & marks != 0)
    }

    /// Whether class or id say one of `facts` of `names`.
    pub(super) fn is_named(&self, id: Id, facts: u16) -> bool {
        self.element(id).is_some_and(|e| e.named & facts != 0)
    }

    pub(super) fn ids(&self) -> Range<Id> {
        0..u32::try_from(self.elements.len()).unwrap_or(u32::MAX)
    }

    /// The elements below `id`, in document order.
    pub(super) fn below(&self, id: Id) -> Range<Id> {
        id + 1..self.element(id).map_or(0, |e| e.end)
    }

    pub(super) fn contains(&self, outer: Id, inner: Id) -> bool {
        inner >= outer && self.element(outer).is_some_and(|e| inner < e.end)
    }

    pub(super) fn parent(&self, id: Id) -> Option<Id> {
        self.element(id).map(|e| e.parent).filter(|parent| *parent != id)
    }

    /// The page's header turned out to hold the product: what is in it belongs to the page.
    pub(super) fn unframe(&mut self, id: Id) {
        let outermost = std::iter::once(id)
            .chain(self.ancestors(id))
            .take_while(|above| self.has(*above, mark::FRAME))
            .last();
        let Some(outermost) = outermost.filter(|above| self.tag(*above) == Tag::Header) else { return };
        let end = self.element(outermost).map_or(0, |e| e.end);
        for element in self.elements.iter_mut().take(end as usize).skip(outermost as usize) {
            element.marks &= !mark::FRAME;
        }
    }

    /// The elements that hold `id`, innermost first.
    pub(super) fn ancestors(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        std::iter::successors(self.parent(id), |at| self.parent(*at))
    }

    /// The children of `id`, in order.
    pub(super) fn children(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        let end = self.element(id).map_or(0, |e| e.end);
        std::iter::successors(Some(id + 1).filter(|first| *first < end), move |at| {
            self.element(*at).map(|e| e.end).filter(|next| *next < end)
        })
    }

    fn slice(&self, start: u32, length: u32) -> &'a str {
        self.source.get(start as usize..start as usize + length as usize).unwrap_or("")
    }

    /// The attribute as written, character references included.
    pub(super) fn raw_attribute(&self, id: Id, name: &str) -> Option<&'a str> {
        self.raw_attributes(id).find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn attribute(&self, id: Id, name: &str) -> Option<Cow<'a, str>> {
        self.raw_attribute(id, name).map(entity::decode)
    }

    /// All attributes of `id` as written.
    pub(super) fn raw_attributes(&self, id: Id) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        let range = self.element(id).map_or(0..0, |e| {
            e.first_attribute as usize..e.first_attribute as usize + usize::from(e.attribute_count)
        });
        self.attributes
            .get(range)
            .unwrap_or(&[])
            .iter()
            .map(|a| (self.slice(a.name, a.name_length), self.slice(a.value, a.value_length)))
    }

    /// The source between the element's tags.
    pub(super) fn inner(&self, id: Id) -> &'a str {
        self.element(id).map_or("", |e| self.slice(e.inner_start, e.inner_end.saturating_sub(e.inner_start)))
    }

    /// The text of `id`, white space collapsed; what is hidden stays out.
    pub(super) fn text(&self, id: Id) -> String {
        self.text_up_to(id, TEXT_MAX, false)
    }

    /// The text of `id`, cut once it holds `limit` bytes.
    pub(super) fn text_up_to(&self, id: Id, limit: usize, hidden: bool) -> String {
        let Some(element) = self.element(id) else { return String::new() };
        if element.tag.is_raw() {
            return collapse(&entity::decode(self.inner(id)));
        }
        let mut out = Collapsed::default();
        for run in self.runs_of(id) {
            if run.hidden && !hidden {
                out.gap();
                continue;
            }
            if run.gap != Gap::None {
                out.gap();
            }
            // White space and references shrink; nothing grows to more than it was written with.
            let written = self.slice(run.start, run.length);
            let cut = written.floor_char_boundary(limit.saturating_mul(8).max(1024));
            out.push(&entity::decode(written.get(..cut).unwrap_or("")));
            if out.text.len() > limit {
                break;
            }
        }
        out.text
    }

    pub(super) fn runs_of(&self, id: Id) -> &[Run] {
        self.element(id).and_then(|e| self.runs.get(e.first_run as usize..e.last_run as usize)).unwrap_or(&[])
    }

    pub(super) fn run_text(&self, run: &Run) -> &'a str {
        self.slice(run.start, run.length)
    }

    /// How many bytes of text `id` holds, without building it.
    pub(super) fn text_size(&self, id: Id) -> usize {
        let up_to =
            |run: u32| self.shown_before.get(run as usize).or(self.shown_before.last()).copied().unwrap_or(0);
        self.element(id).map_or(0, |e| (up_to(e.last_run).saturating_sub(up_to(e.first_run))) as usize)
    }

    pub(super) fn class(&self, id: Id) -> &'a str {
        if self.has(id, mark::CLASS) { self.raw_attribute(id, "class").unwrap_or("") } else { "" }
    }

    pub(super) fn id_attribute(&self, id: Id) -> &'a str {
        if self.has(id, mark::ID) { self.raw_attribute(id, "id").unwrap_or("") } else { "" }
    }

    /// A short description of an element for people: `span.price`, `h1#title`.
    pub(super) fn place(&self, id: Id) -> String {
        let Some(element) = self.element(id) else { return String::new() };
        let name: String = self
            .source
            .get(element.start as usize + 1..)
            .unwrap_or("")
            .chars()
            .take(24)
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect();
        let mut place = name.to_ascii_lowercase();
        let id_attribute = self.id_attribute(id);
        if id_attribute.is_empty() {
            if let Some(class) = self.class(id).split_ascii_whitespace().next() {
                place.push('.');
                place.push_str(class);
            }
        } else {
            place.push('#');
            place.push_str(id_attribute);
        }
        place
    }
}

/// Text with white space and control characters collapsed to single spaces, trimmed.
pub(super) fn collapse(text: &str) -> String {
    let mut out = Collapsed::default();
    out.push(text);
    out.text
}

/// Bytes at the front of `text` that are neither white space nor control, as far as that is seen without decoding.
fn plain_length(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_graphic).count()
}

#[derive(Default)]
struct Collapsed {
    text: String,
    pending: bool,
}

impl Collapsed {
    fn gap(&mut self) {
        self.pending = true;
    }

    fn push(&mut self, text: &str) {
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            if letter.is_whitespace() || letter.is_control() {
                self.pending = true;
                rest = rest.get(letter.len_utf8()..).unwrap_or("");
                continue;
            }
            if self.pending && !self.text.is_empty() {
                self.text.push(' ');
            }
            self.pending = false;
            let word = plain_length(rest).max(letter.len_utf8());
            let (word, after) = rest.split_at_checked(word).unwrap_or((rest, ""));
            self.text.push_str(word);
            rest = after;
        }
    }
}
