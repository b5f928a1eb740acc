//! HTML → [`Outline`], in one pass over the source and bounded memory.
//!
//! Follows the tokenizer of the HTML standard (13.2.5) for tags, attributes, comments and raw text, and the parts of
//! tree construction that decide what belongs to what: void elements, implied end tags, the reach of an end tag. It
//! does not rebuild formatting elements or move misplaced table content: readers need neither, and bombs live there.

use super::names::Names;
use super::outline::{Attribute, Element, Gap, Id, Outline, Run, Tag, mark};

/// Elements kept: the largest real pages have some 30,000.
const ELEMENTS_MAX: usize = 300_000;
/// Attributes kept on a page.
const ATTRIBUTES_MAX: usize = 1_000_000;
/// Attributes kept on a tag; real tags have fewer than 100.
const ATTRIBUTES_PER_TAG: u16 = 1000;
/// Bytes kept of an attribute; shops put JSON of some 100 KB there.
const ATTRIBUTE_BYTES: usize = 1024 * 1024;
/// Text runs kept.
const RUNS_MAX: usize = 500_000;
/// Open elements; deeper ones become siblings at this depth.
const DEPTH_MAX: usize = 512;
/// How far up an end tag looks for its start tag: keeps a storm of end tags linear.
const END_TAG_REACH: usize = 64;

/// Reads `source`.
pub(super) fn outline(source: &str) -> Outline<'_> {
    let mut builder = Builder::new(source);
    builder.read();
    builder.finish()
}

/// The attributes of one tag: where it ends, how many were kept, what they mark, what class and id say, and `/>`.
struct Attributes {
    after: usize,
    count: u16,
    marks: u16,
    named: u16,
    closed: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "each tells one kind of cut")]
struct Builder<'a> {
    out: Outline<'a>,
    bytes: &'a [u8],
    at: usize,
    open: Vec<Id>,
    open_count: [u32; Tag::COUNT],
    names: Names<'a>,
    gap: Gap,
    too_deep: bool,
    too_many: bool,
    attributes_cut: bool,
    runs_cut: bool,
}

impl<'a> Builder<'a> {
    fn new(source: &'a str) -> Self {
        let root = Element {
            tag: Tag::Other,
            marks: 0,
            depth: 0,
            attribute_count: 0,
            named: 0,
            first_attribute: 0,
            parent: 0,
            end: 1,
            first_run: 0,
            last_run: 0,
            start: 0,
            inner_start: 0,
            inner_end: index(source.len()),
        };
        let out = Outline {
            source,
            elements: vec![root],
            attributes: Vec::new(),
            runs: Vec::new(),
            shown_before: Vec::new(),
            cuts: Vec::new(),
        };
        Self {
            out,
            bytes: source.as_bytes(),
            at: 0,
            open: vec![0],
            open_count: [0; Tag::COUNT],
            names: Names::default(),
            gap: Gap::Block,
            too_deep: false,
            too_many: false,
            attributes_cut: false,
            runs_cut: false,
        }
    }

    fn count_open(&self, tag: Tag) -> u32 {
        self.open_count.get(tag as usize).copied().unwrap_or(0)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn find(&self, byte: u8, from: usize) -> Option<usize> {
        memchr::memchr(byte, self.bytes.get(from..)?).map(|offset| from + offset)
    }

    fn find_text(&self, needle: &[u8], from: usize) -> Option<usize> {
        memchr::memmem::find(self.bytes.get(from..)?, needle).map(|offset| from + offset)
    }

    fn read(&mut self) {
        let length = self.bytes.len();
        while self.at < length {
            let open = self.find(b'<', self.at).unwrap_or(length);
            self.text(self.at, open);
            if open == length {
                break;
            }
            self.at = open;
            match self.byte(open + 1) {
                Some(letter) if letter.is_ascii_alphabetic() => self.start_tag(),
                Some(b'/') => self.end_tag(),
                Some(b'!') => self.markup_declaration(),
                Some(b'?') => self.at = self.find(b'>', open).map_or(length, |end| end + 1),
                _ => {
                    self.text(open, open + 1);
                    self.at = open + 1;
                }
            }
        }
    }

    fn markup_declaration(&mut self) {
        let open = self.at;
        let rest = self.bytes.get(open..).unwrap_or(&[]);
        let end = if rest.starts_with(b"<!-->") || rest.starts_with(b"<!--->") {
            self.find(b'>', open).map(|end| end + 1)
        } else if rest.starts_with(b"<!--") {
            let proper = self.find_text(b"-->", open + 4).map(|end| end + 3);
            let limit = proper.unwrap_or(self.bytes.len());
            let loose = memchr::memmem::find(self.bytes.get(open + 4..limit).unwrap_or(&[]), b"--!>");
            loose.map(|offset| open + 4 + offset + 4).or(proper)
        } else if rest.starts_with(b"<![CDATA[") && self.count_open(Tag::Svg) > 0 {
            self.find_text(b"]]>", open).map(|end| end + 3)
        } else {
            self.find(b'>', open).map(|end| end + 1)
        };
        self.at = end.unwrap_or(self.bytes.len());
    }

    fn text(&mut self, start: usize, end: usize) {
        let Some(bytes) = self.bytes.get(start..end).filter(|bytes| !bytes.is_empty()) else { return };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            self.gap = self.gap.max(Gap::Space);
            return;
        }
        if self.out.runs.len() >= RUNS_MAX {
            self.runs_cut = true;
            return;
        }
        let parent = self.open.last().copied().unwrap_or(0);
        let hidden = self.out.has(parent, mark::HIDDEN);
        self.out.runs.push(Run {
            start: index(start),
            length: index(end - start),
            parent,
            gap: self.gap,
            hidden,
        });
        self.gap = Gap::None;
    }

    fn start_tag(&mut self) {
        let start = self.at;
        let name_start = start + 1;
        let rest = self.bytes.get(name_start..).unwrap_or(&[]);
        let name_length = rest
            .iter()
            .position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'))
            .unwrap_or(rest.len());
        let tag = tag_named(rest.get(..name_length).unwrap_or(&[]));
        let first_attribute = self.out.attributes.len();
        let Some(Attributes { after, count, marks, named, closed }) =
            self.attributes(name_start + name_length)
        else {
            // The file ends inside a tag: HTML drops the tag.
            self.out.attributes.truncate(first_attribute);
            self.at = self.bytes.len();
            return;
        };
        self.at = after;
        self.imply_ends(tag);
        if !tag.is_inline() {
            self.gap = if matches!(tag, Tag::Td | Tag::Th | Tag::Img | Tag::Svg | Tag::Button | Tag::Input) {
                self.gap.max(Gap::Space)
            } else {
                Gap::Block
            };
        }
        if self.out.elements.len() >= ELEMENTS_MAX {
            self.too_many = true;
            self.out.attributes.truncate(first_attribute);
            if tag.is_raw() && !closed {
                let (_, after) = self.raw_end(after, tag);
                self.at = after;
            }
            return;
        }
        let parent = self.open.last().copied().unwrap_or(0);
        let inherited = self
            .out
            .element(parent)
            .map_or(0, |e| e.marks & (mark::HIDDEN | mark::FRAME | mark::STRUCK | mark::LINKED));
        let id = index(self.out.elements.len());
        let runs = index(self.out.runs.len());
        self.out.elements.push(Element {
            tag,
            marks: marks | inherited | self.own_marks(tag),
            depth: u16::try_from(self.open.len()).unwrap_or(u16::MAX),
            attribute_count: count,
            named,
            first_attribute: index(first_attribute),
            parent,
            end: id + 1,
            first_run: runs,
            last_run: runs,
            start: index(start),
            inner_start: index(after),
            inner_end: index(after),
        });
        let foreign = self.count_open(Tag::Svg) + self.count_open(Tag::Math) > 0;
        if tag.is_void() || (closed && (foreign || matches!(tag, Tag::Svg | Tag::Math))) {
            return;
        }
        if tag.is_raw() && !(foreign && matches!(tag, Tag::Title)) {
            let (end, after) = self.raw_end(after, tag);
            if let Some(element) = self.out.elements.last_mut() {
                element.inner_end = index(end);
            }
            self.at = after;
            return;
        }
        if self.open.len() >= DEPTH_MAX {
            self.too_deep = true;
            return;
        }
        self.open.push(id);
        if let Some(count) = self.open_count.get_mut(tag as usize) {
            *count += 1;
        }
    }

    fn own_marks(&self, tag: Tag) -> u16 {
        match tag {
            Tag::Template
            | Tag::Script
            | Tag::Style
            | Tag::Noscript
            | Tag::Head
            | Tag::Select
            | Tag::Option
            | Tag::Svg
            | Tag::Textarea
            | Tag::Iframe => mark::HIDDEN,
            Tag::Nav | Tag::Footer | Tag::Aside => mark::FRAME,
            // A header inside the main part or an article heads that part; outside it heads the page.
            Tag::Header if self.count_open(Tag::Main) + self.count_open(Tag::Article) == 0 => mark::FRAME,
            Tag::Del | Tag::S | Tag::Strike => mark::STRUCK,
            Tag::A => mark::LINKED,
            _ => 0,
        }
    }

    /// Reads attributes from `at`; `None` where the file ends before the tag does.
    fn attributes(&mut self, mut at: usize) -> Option<Attributes> {
        let (mut count, mut marks, mut named) = (0_u16, 0_u16, 0_u16);
        loop {
            while self.byte(at)?.is_ascii_whitespace() {
                at += 1;
            }
            match self.byte(at)? {
                b'>' => return Some(Attributes { after: at + 1, count, marks, named, closed: false }),
                b'/' => {
                    if self.byte(at + 1)? == b'>' {
                        return Some(Attributes { after: at + 2, count, marks, named, closed: true });
                    }
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let name = at;
            // A name may start with `=`.
            at += 1;
            while !matches!(self.byte(at)?, b'=' | b'/' | b'>') && !self.byte(at)?.is_ascii_whitespace() {
                at += 1;
            }
            let name_end = at;
            while self.byte(at)?.is_ascii_whitespace() {
                at += 1;
            }
            let (mut value, mut value_end) = (name_end, name_end);
            if self.byte(at)? == b'=' {
                at += 1;
                while self.byte(at)?.is_ascii_whitespace() {
                    at += 1;
                }
                match self.byte(at)? {
                    quote @ (b'"' | b'\'') => {
                        value = at + 1;
                        value_end = self.find(quote, value)?;
                        at = value_end + 1;
                    }
                    b'>' => {}
                    _ => {
                        value = at;
                        while self.byte(at)? != b'>' && !self.byte(at)?.is_ascii_whitespace() {
                            at += 1;
                        }
                        value_end = at;
                    }
                }
            }
            if count >= ATTRIBUTES_PER_TAG || self.out.attributes.len() >= ATTRIBUTES_MAX {
                self.attributes_cut = true;
                continue;
            }
            if value_end - value > ATTRIBUTE_BYTES {
                self.attributes_cut = true;
                value_end = self.out.source.floor_char_boundary(value + ATTRIBUTE_BYTES);
            }
            let known = marks;
            marks |= self.attribute_mark(name, name_end, value, value_end);
            // Of two classes the first counts.
            if marks & !known & (mark::CLASS | mark::ID) != 0 {
                let written = self.out.source.get(value..value_end).unwrap_or("");
                named |= if marks & !known & mark::CLASS != 0 {
                    self.names.of_class(written)
                } else {
                    self.names.of_id(written)
                };
            }
            self.out.attributes.push(Attribute {
                name: index(name),
                name_length: index(name_end - name),
                value: index(value),
                value_length: index(value_end - value),
            });
            count += 1;
        }
    }

    fn attribute_mark(&self, name: usize, name_end: usize, value: usize, value_end: usize) -> u16 {
        let name = self.bytes.get(name..name_end).unwrap_or(&[]);
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        match name.len() {
            2 if is(b"id") => mark::ID,
            5 if is(b"class") => mark::CLASS,
            5 if is(b"style") => {
                let style = self.bytes.get(value..value_end).unwrap_or(&[]);
                let is_none = memchr::memmem::find(style, b"display").is_some_and(|at| {
                    let rest = style.get(at + 7..).unwrap_or(&[]);
                    let rest = rest.trim_ascii_start().strip_prefix(b":").unwrap_or(&[]).trim_ascii_start();
                    rest.get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"none"))
                });
                let struck = memchr::memmem::find(style, b"line-through").is_some();
                (if is_none { mark::HIDDEN } else { 0 }) | (if struck { mark::STRUCK } else { 0 })
            }
            6 if is(b"hidden") => mark::HIDDEN,
            6 if is(b"typeof") => mark::TYPEOF,
            8 if is(b"itemprop") => mark::ITEMPROP,
            8 if is(b"property") => mark::PROPERTY,
            9 if is(b"itemscope") => mark::ITEMSCOPE,
            10 if is(b"aria-label") => mark::LABEL,
            _ if name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"data-")) => mark::DATA,
            _ => 0,
        }
    }

    /// Where raw text that starts at `from` ends, and where reading goes on.
    fn raw_end(&self, from: usize, tag: Tag) -> (usize, usize) {
        let length = self.bytes.len();
        let (mut at, mut escaped_until, mut doubly) = (from, None::<usize>, false);
        while let Some(open) = self.find(b'<', at) {
            let rest = self.bytes.get(open..).unwrap_or(&[]);
            if escaped_until.is_some_and(|until| open >= until) {
                escaped_until = None;
                doubly = false;
            }
            if rest.get(1) == Some(&b'/') && names(rest.get(2..), tag) {
                if doubly {
                    doubly = false;
                } else {
                    let after = self.find(b'>', open).map_or(length, |end| end + 1);
                    return (open, after);
                }
            } else if tag == Tag::Script && rest.starts_with(b"<!--") && escaped_until.is_none() {
                escaped_until = Some(self.find_text(b"-->", open + 2).map_or(length, |end| end + 3));
            } else if tag == Tag::Script && escaped_until.is_some() && names(rest.get(1..), tag) {
                doubly = true;
            }
            at = open + 1;
        }
        (length, length)
    }

    fn end_tag(&mut self) {
        let start = self.at;
        let length = self.bytes.len();
        let name_start = start + 2;
        if !self.byte(name_start).is_some_and(|b| b.is_ascii_alphabetic()) {
            self.at = self.find(b'>', start).map_or(length, |end| end + 1);
            return;
        }
        let rest = self.bytes.get(name_start..).unwrap_or(&[]);
        let name_length = rest
            .iter()
            .position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'))
            .unwrap_or(rest.len());
        let name = rest.get(..name_length).unwrap_or(&[]);
        let tag = tag_named(name);
        self.at = self.find(b'>', name_start).map_or(length, |end| end + 1);
        if !tag.is_inline() && !matches!(tag, Tag::Td | Tag::Th | Tag::Button | Tag::Svg) {
            self.gap = Gap::Block;
        } else if matches!(tag, Tag::Td | Tag::Th | Tag::Button | Tag::Svg) {
            self.gap = self.gap.max(Gap::Space);
        }
        if (self.count_open(tag) == 0 && !tag.is_heading()) || matches!(tag, Tag::Html | Tag::Body) {
            // `</p>` without `<p>` makes an empty paragraph, which holds nothing.
            return;
        }
        let mut found = None;
        for (above, id) in self.open.iter().enumerate().rev().take(END_TAG_REACH) {
            let open = self.out.tag(*id);
            let same = open == tag && (tag != Tag::Other || self.same_name(*id, name));
            if same || (tag.is_heading() && open.is_heading()) {
                found = Some(above);
                break;
            }
            let barrier = if tag.is_special() {
                matches!(open, Tag::Td | Tag::Th | Tag::Caption | Tag::Table | Tag::Template)
                    && !matches!(
                        tag,
                        Tag::Table | Tag::Tr | Tag::Tbody | Tag::Thead | Tag::Tfoot | Tag::Template
                    )
            } else {
                open.is_special()
            };
            if barrier {
                break;
            }
        }
        if let Some(above) = found {
            self.close_to(above, start);
        }
    }

    fn same_name(&self, id: Id, name: &[u8]) -> bool {
        let Some(element) = self.out.element(id) else { return false };
        let start = element.start as usize + 1;
        self.bytes.get(start..start + name.len()).is_some_and(|known| known.eq_ignore_ascii_case(name))
            && !self.byte(start + name.len()).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'-')
    }

    /// Closes the open elements from the top down to and including place `above`.
    fn close_to(&mut self, above: usize, source_at: usize) {
        let (end, runs) = (index(self.out.elements.len()), index(self.out.runs.len()));
        while self.open.len() > above.max(1) {
            let Some(id) = self.open.pop() else { break };
            if let Some(element) = self.out.elements.get_mut(id as usize) {
                element.end = end;
                element.last_run = runs;
                element.inner_end = index(source_at);
                let tag = element.tag;
                if let Some(count) = self.open_count.get_mut(tag as usize) {
                    *count = count.saturating_sub(1);
                }
            }
        }
    }

    /// End tags that a start tag implies.
    fn imply_ends(&mut self, tag: Tag) {
        let (closes, barrier): (&[Tag], &[Tag]) = match tag {
            Tag::Li => (&[Tag::Li], &[Tag::Ul, Tag::Ol, Tag::Menu]),
            Tag::Dt | Tag::Dd => (&[Tag::Dt, Tag::Dd], &[Tag::Dl]),
            Tag::Td | Tag::Th => (&[Tag::Td, Tag::Th], &[Tag::Tr, Tag::Table]),
            Tag::Tr => (&[Tag::Tr], &[Tag::Table]),
            Tag::Tbody | Tag::Thead | Tag::Tfoot => (&[Tag::Tbody, Tag::Thead, Tag::Tfoot], &[Tag::Table]),
            Tag::Option | Tag::Optgroup => (&[Tag::Option], &[Tag::Select, Tag::Optgroup]),
            Tag::A => (&[Tag::A], &[Tag::Td, Tag::Th, Tag::Table]),
            Tag::Body => (&[Tag::Head], &[]),
            _ if tag.is_special() && !tag.is_void() && !tag.is_raw() && tag != Tag::Button => {
                (&[Tag::P], &[Tag::Button, Tag::Td, Tag::Th, Tag::Table])
            }
            _ => return,
        };
        if closes.iter().all(|tag| self.open_count.get(*tag as usize) == Some(&0)) {
            return;
        }
        for (above, id) in self.open.iter().enumerate().rev().take(END_TAG_REACH) {
            let open = self.out.tag(*id);
            if closes.contains(&open) {
                self.close_to(above, self.at);
                return;
            }
            if barrier.contains(&open) {
                return;
            }
        }
    }

    fn finish(mut self) -> Outline<'a> {
        self.close_to(1, self.bytes.len());
        let (end, runs) = (index(self.out.elements.len()), index(self.out.runs.len()));
        if let Some(root) = self.out.elements.first_mut() {
            root.end = end;
            root.last_run = runs;
        }
        let mut shown = 0;
        self.out.shown_before = Vec::with_capacity(self.out.runs.len() + 1);
        for run in &self.out.runs {
            self.out.shown_before.push(shown);
            shown += if run.hidden { 0 } else { run.length };
        }
        self.out.shown_before.push(shown);
        let cuts = [
            (self.too_many, format!("more than {ELEMENTS_MAX} elements: the rest was read as text only")),
            (
                self.too_deep,
                format!("elements nested deeper than {DEPTH_MAX}: deeper ones were read as siblings"),
            ),
            (self.attributes_cut, "attributes too many or too long: the rest was left out".to_owned()),
            (self.runs_cut, format!("more than {RUNS_MAX} pieces of text: the rest was left out")),
        ];
        self.out.cuts.extend(cuts.into_iter().filter(|(cut, _)| *cut).map(|(_, what)| what));
        self.out
    }
}

/// Whether `rest` starts with this raw tag's name and a delimiter.
fn names(rest: Option<&[u8]>, tag: Tag) -> bool {
    let rest = rest.unwrap_or(&[]);
    let length = rest.iter().take(9).take_while(|b| b.is_ascii_alphabetic()).count();
    let delimited = rest.get(length).is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'));
    delimited && tag_named(rest.get(..length).unwrap_or(&[])) == tag
}

fn tag_named(name: &[u8]) -> Tag {
    let mut lowered = [0_u8; 12];
    let Some(space) = lowered.get_mut(..name.len()) else { return Tag::Other };
    space.copy_from_slice(name);
    space.make_ascii_lowercase();
    Tag::named(space)
}

/// Offsets fit: pages above 50 MB are refused before they get here.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outline as nested names with text, to be compared by eye.
    fn sketch(source: &str) -> String {
        fn write(outline: &Outline<'_>, id: Id, out: &mut String) {
            for child in outline.children(id) {
                out.push_str(&outline.place(child));
                out.push('(');
                let own: String = outline
                    .runs_of(child)
                    .iter()
                    .filter(|run| run.parent == child)
                    .map(|run| outline.run_text(run))
                    .collect();
                out.push_str(own.trim());
                write(outline, child, out);
                out.push(')');
            }
        }
        let outline = outline(source);
        let mut out = String::new();
        write(&outline, 0, &mut out);
        out
    }

    #[test]
    fn structure_follows_the_standard() {
        for (source, expected) in [
            ("<p>a<p>b", "p(a)p(b)"),
            ("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>", "ul(li(a)li(bul(li(c)))li(d))"),
            ("<table><tr><td>a<td>b<tr><td>c</table>d", "table(tr(td(a)td(b))tr(td(c)))"),
            ("<dl><dt>a<dd>b<dt>c</dl>", "dl(dt(a)dd(b)dt(c))"),
            ("<div><b>x</div>y", "div(b(x))"),
            ("<b><div></b>y</div>", "b(div(y))"),
            ("<br>a<img src=x>b</br>", "br()img()"),
            ("<h1>a</h2>b", "h1(a)"),
            ("<DIV CLASS='x y'>a</DIV>", "div.x(a)"),
            ("<x-a>1<x-b>2</x-a>3", "x-a(1x-b(2))"),
            ("<a href=1>x<a href=2>y", "a(x)a(y)"),
            ("<p>1 < 2 <3</p>", "p(1 < 2 <3)"),
            ("<svg><path/><title>t</title></svg><p>x", "svg(path()title(t))p(x)"),
            ("<!-- <p>no --><p>a<!--> --><i>b</i>", "p(a -->i(b))"),
            ("<p title='a>b'>x</p >y", "p(x)"),
            ("<p>a<div", "p(a)"),
        ] {
            assert_eq!(sketch(source), expected, "{source}");
        }
    }

    #[test]
    fn scripts_end_where_browsers_end_them() {
        for (source, inner) in [
            ("<script>a</script>b", "a"),
            ("<script>'</scripty>'</SCRIPT >b", "'</scripty>'"),
            ("<script><!-- <script>x</script> --></script>b", "<!-- <script>x</script> -->"),
            ("<script><!-- x --></script>b", "<!-- x -->"),
            ("<script>never", "never"),
        ] {
            let outline = outline(source);
            assert_eq!(outline.inner(1), inner, "{source}");
        }
    }

    #[test]
    fn inline_tags_keep_words_whole_and_block_tags_break_them() {
        let outline = outline("<div>Vi<b>ag</b>ra<div>x</div>y<br>z<td>1</td><td>2<!-- c -->3</div>");
        assert_eq!(outline.text(1), "Viagra x y z 1 23");
    }

    #[test]
    fn attributes_are_read_in_every_notation() {
        let outline = outline("<a href = x data-n='1 &amp; 2' checked class=\"a\" class=b =odd/>t</a>");
        let attributes: Vec<_> = outline.raw_attributes(1).collect();
        assert_eq!(
            attributes,
            [
                ("href", "x"),
                ("data-n", "1 &amp; 2"),
                ("checked", ""),
                ("class", "a"),
                ("class", "b"),
                ("=odd", "")
            ]
        );
        assert_eq!(outline.attribute(1, "DATA-N").unwrap(), "1 & 2");
        assert_eq!(outline.class(1), "a");
    }

    #[test]
    fn what_is_not_shown_is_not_text() {
        let outline = outline(
            "<div>a<i hidden>b</i><p style='color:red;display : none'>c</p><script>d</script>e</div>",
        );
        assert_eq!(outline.text(1), "a e");
    }

    #[test]
    fn bombs_are_cut_and_told() {
        let deep = outline(Box::leak("<div>".repeat(400_000).into_boxed_str()));
        assert_eq!(deep.cuts.len(), 2);
        assert!(deep.elements.len() <= ELEMENTS_MAX);
        let wide = format!("<p {}>x", "a=1 ".repeat(5000));
        assert_eq!(outline(&wide).cuts.len(), 1);
        let long = format!("<p title='{}'>x", "é".repeat(ATTRIBUTE_BYTES));
        let long = outline(&long);
        assert_eq!(long.raw_attribute(1, "title").map(str::len), Some(ATTRIBUTE_BYTES));
        assert_eq!(long.text(1), "x");
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_a_sound_outline(source in "[<>/!a-d='\" &;-]{0,200}") {
            let outline = outline(&source);
            for id in outline.ids() {
                let element = outline.element(id).unwrap();
                assert!(element.end > id && element.end as usize <= outline.elements.len());
                assert!(element.first_run <= element.last_run);
                if let Some(parent) = outline.parent(id) {
                    assert!(outline.contains(parent, id));
                }
                outline.text(id);
            }
        }
    }
}
