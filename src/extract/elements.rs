//! What one element says: the brand in a link, logo or text, a rating, a breadcrumb trail. The page's readers use the
//! same functions; here they are open to whoever holds a piece of a page.

use url::Url;

use super::head::resolve;
use super::outline::{Id, Outline, Tag};
use super::{scan, shown, text};

/// Characters of a brand's name; more is a sentence or the name of a product.
const BRAND_MAX: usize = 50;
/// Elements looked at for a logo.
const LOGO_ELEMENTS: usize = 200;

/// The brand that a piece of markup shows: its text, else the name of its logo.
pub fn brand(html: &str) -> Option<String> {
    let outline = scan::outline(html);
    brand_in(&outline, 0)
}

/// The brand that an element shows.
pub(super) fn brand_in(outline: &Outline<'_>, id: Id) -> Option<String> {
    let below = || std::iter::once(id).chain(outline.below(id)).take(LOGO_ELEMENTS);
    let shown = text::line(&outline.text(id));
    // The title of a drawing is what is read aloud in its place.
    let drawn = || {
        let titles =
            below().filter(|at| outline.tag(*at) == Tag::Title).map(|at| text::line(outline.inner(at)));
        titles.filter(|title| !title.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let pictured = || {
        let pictures = below().filter(|at| outline.tag(*at) == Tag::Img);
        let named = |name: &'static str| {
            pictures
                .clone()
                .filter_map(move |at| outline.attribute(at, name))
                .map(|alt| text::line(&alt))
                .find(|alt| !alt.is_empty())
        };
        named("alt").or_else(|| named("title")).unwrap_or_default()
    };
    let name = [shown].into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| {
        let drawn = drawn();
        if drawn.is_empty() { pictured() } else { drawn }
    });
    (!name.is_empty() && name.chars().count() <= BRAND_MAX).then_some(name)
}

/// A rating and the best that could be had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// What was given.
    pub value: f64,
    /// The end of the scale, where it is told.
    pub best: Option<f64>,
}

/// The rating that an element shows, within the markup around it, which may tell the scale.
pub fn rating_of(html: &str, around: &str) -> Option<Rating> {
    let own = scan::outline(html);
    let shown = text::line(&own.text(0));
    let read = rating(&shown)?;
    if read.best.is_some() {
        return Some(read);
    }
    let around = scan::outline(around);
    let marked = around.ids().find(|id| {
        around.raw_attribute(*id, "itemprop").is_some_and(|name| name.eq_ignore_ascii_case("bestRating"))
    });
    let marked = marked.and_then(|id| {
        let content = around.attribute(id, "content").map(std::borrow::Cow::into_owned);
        content.unwrap_or_else(|| around.text(id)).trim().replace(',', ".").parse().ok()
    });
    // "4.6 out of 5 stars" in the text around, or in what is read aloud for it.
    let spoken = around.ids().flat_map(|id| {
        ["aria-label", "title", "alt"].map(|name| around.attribute(id, name).map(|value| text::line(&value)))
    });
    let mut texts = spoken.flatten().chain([text::line(&around.text(0))]);
    let following = || texts.find_map(|text| scale_of(&text, read.value));
    Some(Rating { best: marked.or_else(following), ..read })
}

/// The end of the scale that `value` is told on in `text`.
fn scale_of(text: &str, value: f64) -> Option<f64> {
    let numbers = numbers(text);
    numbers.windows(2).find_map(|pair| {
        let [(_, end, one), (start, _, best)] = pair else { return None };
        let between = text.get(*end..*start)?.trim().to_lowercase();
        let same = (one - value).abs() < 0.001;
        (same && is_scale(&between) && *best >= value && *best <= 100.0).then_some(*best)
    })
}

/// The rating that a text tells: `4,5`, `4.5/5`, `4 out of 5 stars`, `92 %`.
pub fn rating(text: &str) -> Option<Rating> {
    let numbers = numbers(text);
    let (_, end, value) = *numbers.first()?;
    let best = numbers.get(1).and_then(|(start, _, best)| {
        let between = text.get(end..*start)?.trim().to_lowercase();
        (is_scale(&between) && *best >= value && *best <= 100.0).then_some(*best)
    });
    Some(Rating { value, best })
}

/// What stands between a rating and the end of its scale.
fn is_scale(between: &str) -> bool {
    const WORDS: &[&str] = &[
        "/",
        "out of",
        "of",
        "von",
        "aus",
        "sur",
        "de",
        "su",
        "di",
        "van",
        "van de",
        "z",
        "ze",
        "av",
        "af",
        "från",
        "из",
        "от",
        "out of a possible",
        "στα",
        "από",
        "din",
        "na",
        "/ ",
        "od",
        "-ből",
        "stars out of",
        "estrellas de",
        "sterne von",
        "sternen von",
        "étoiles sur",
        "stelle su",
        "sterren van",
        "的",
        "|",
    ];
    WORDS.contains(&between)
}

/// Numbers of a text with their bounds, decimal comma or point.
fn numbers(text: &str) -> Vec<(usize, usize, f64)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && found.len() < 8 {
        if !bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
            continue;
        }
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let mut end = at;
        while digit(end) || (matches!(bytes.get(end), Some(b'.' | b',')) && digit(end + 1)) {
            end += 1;
        }
        if let Some(number) = text.get(at..end).and_then(|written| written.replace(',', ".").parse().ok()) {
            found.push((at, end, number));
        }
        at = end.max(at + 1);
    }
    found
}

/// One step of a breadcrumb trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is shown.
    pub name: String,
    /// Where it leads.
    pub url: Option<String>,
}

/// The steps of a trail, outermost first.
pub fn breadcrumbs(html: &str, base: Option<&Url>) -> Vec<Step> {
    let outline = scan::outline(html);
    let crumbs = shown::trail(&outline, 0);
    crumbs
        .into_iter()
        .map(|crumb| Step { name: crumb.name, url: crumb.href.and_then(|href| resolve(&href, base)) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_are_read_from_text_and_logos() {
        for (html, expected) in [
            ("<a href=/b>Acme Tools</a>", Some("Acme Tools")),
            ("<a href=/b><img src=logo.png alt='Acme Tools'></a>", Some("Acme Tools")),
            ("<img src=logo.png title='Acme Tools'>", Some("Acme Tools")),
            ("<a href=/><svg><title>Acme</title><path d='M0'/></svg></a>", Some("Acme")),
            ("<img src=logo.png alt=''>", None),
            ("<h1>Cordless hammer drill with two batteries, charger and case</h1>", None),
        ] {
            assert_eq!(brand(html).as_deref(), expected, "{html}");
        }
    }

    #[test]
    fn ratings_are_read_with_their_scale() {
        for (text, value, best) in [
            ("4,5", 4.5, None),
            ("4.5/5", 4.5, Some(5.0)),
            ("4 out of 5 stars", 4.0, Some(5.0)),
            ("3,9 von 5 Sternen", 3.9, Some(5.0)),
            ("92 %", 92.0, None),
            ("5 de 5", 5.0, Some(5.0)),
        ] {
            assert_eq!(rating(text), Some(Rating { value, best }), "{text}");
        }
        assert_eq!(rating("no rating yet"), None);
    }

    #[test]
    fn trails_have_names_and_addresses() {
        let base = "https://shop.example/p".parse().ok();
        let html =
            "<ol><li><a href=/>Home</a> ›</li><li><a href='/toys'>Toys</a> ›</li><li>Red ball</li></ol>";
        let steps = breadcrumbs(html, base.as_ref());
        let read: Vec<(&str, Option<&str>)> =
            steps.iter().map(|step| (step.name.as_str(), step.url.as_deref())).collect();
        assert_eq!(
            read,
            [
                ("Home", Some("https://shop.example/")),
                ("Toys", Some("https://shop.example/toys")),
                ("Red ball", None)
            ]
        );
    }
}
