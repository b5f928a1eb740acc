//! What a page is for. Product and category need positive evidence; a wall is told from an empty page.

use super::head::Head;
use super::outline::{Outline, Tag, mark};
use crate::page::PageType;

/// What the readers found, as far as it decides the kind of page.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one piece of evidence")]
pub(super) struct Evidence {
    /// The page's own offer has a title.
    pub(super) titled: bool,
    /// A typed record (schema.org Product, product meta, product-like state) matched the page.
    pub(super) typed: bool,
    /// Its name or address fits what the page shows.
    pub(super) fits: bool,
    /// That record has a price or an availability.
    pub(super) offered: bool,
    /// A price stands near the headline.
    pub(super) priced: bool,
    /// A button buys.
    pub(super) buy: bool,
    /// That price stands behind a word for it.
    pub(super) price_labelled: bool,
    /// Stock is spoken of near the headline.
    pub(super) stocked: bool,
    /// A number of the product stands beside its label.
    pub(super) labelled: bool,
    /// A table of properties.
    pub(super) detailed: bool,
    /// An identifier with a label or in a product field.
    pub(super) identified: bool,
    /// A source's own selector gave title and price.
    pub(super) selected: bool,
    /// Boxes of lists whose price is named as one.
    pub(super) marked_cards: usize,
    /// Boxes of lists with a price.
    pub(super) cards: usize,
    /// Boxes and entries of lists, with or without a price.
    pub(super) listed: usize,
    /// The page calls itself a list.
    pub(super) list: bool,
    /// The page calls itself an article.
    pub(super) article: bool,
    /// The shop's platform marks the page as a list of products.
    pub(super) catalogue: bool,
    /// Share of the cards that stand before the page's own price, if it has one.
    pub(super) cards_first: bool,
}

/// Fewest cards of a list.
const CARDS_MIN: usize = 3;
/// A page with less text than this shows nothing.
const SHELL_TEXT: usize = 250;
/// A wall says little else.
const WALL_TEXT: usize = 3500;

/// Decides, with the reason for `blocked`.
pub(super) fn decide(outline: &Outline<'_>, head: &Head, evidence: &Evidence) -> (PageType, Option<String>) {
    if evidence.catalogue && evidence.listed > 0 && !evidence.selected {
        return (PageType::Category, None);
    }
    let og_product = head.og_type.contains("product") && !head.og_type.contains("group");
    let strong = evidence.titled && evidence.typed && (evidence.offered || !evidence.list);
    let by_sight = evidence.titled
        && !evidence.article
        && !evidence.cards_first
        && ((evidence.priced
            && (evidence.buy || evidence.identified || evidence.price_labelled || og_product))
            || (evidence.labelled && (evidence.buy || evidence.stocked || evidence.detailed)));
    let own =
        evidence.selected || (strong && (evidence.offered && evidence.fits || !evidence.article)) || by_sight;
    if own && (evidence.offered || !evidence.list || evidence.cards < CARDS_MIN) {
        return (PageType::Product, None);
    }
    let listed = evidence.cards >= CARDS_MIN || evidence.marked_cards > 1;
    if listed && !evidence.article || evidence.list && evidence.listed > 1 {
        return (PageType::Category, None);
    }
    if let Some(wall) = wall(outline, head) {
        return (PageType::Blocked, Some(wall));
    }
    if evidence.titled && og_product && evidence.priced {
        return (PageType::Product, None);
    }
    if evidence.article || is_prose(outline) {
        return (PageType::Article, None);
    }
    (PageType::Other, None)
}

/// Programs that stand before a page.
const CAPTCHA: &[&str] = &[
    "captcha",
    "cf-challenge",
    "challenge-platform",
    "cf-turnstile",
    "px-captcha",
    "perimeterx",
    "datadome",
    "incapsula",
    "_incapsula_",
    "ddos-guard",
    "are you a human",
    "awswaf",
    "aws-waf",
    "robot check",
    "distil_",
    "kasada",
];

/// What they say to visitors.
const CHALLENGE_WORDS: &[&str] = &[
    "just a moment",
    "attention required",
    "checking your browser",
    "verify you are human",
    "are you a robot",
    "unusual traffic",
    "not a robot",
    "pardon our interruption",
    "access denied",
    "zugriff verweigert",
    "bitte bestätigen sie",
    "accès refusé",
    "enable cookies",
    "security check",
    "sicherheitsüberprüfung",
    "request blocked",
    "automated access",
    "bot detection",
    "type the characters you see",
    "geben sie die zeichen",
];

/// What consent walls speak of.
const CONSENT_WORDS: &[&str] = &[
    "consent",
    "cookie",
    "einwilligung",
    "zustimmen",
    "consentement",
    "consentimiento",
    "consenso",
    "toestemming",
    "zgod",
    "согласи",
    "samtycke",
];

/// What stands between us and the page.
fn wall(outline: &Outline<'_>, head: &Head) -> Option<String> {
    let text = outline.text_up_to(0, WALL_TEXT + 500, false);
    let small = text.chars().count() < WALL_TEXT;
    if !small {
        return None;
    }
    let shown = format!("{} {}", head.title, text).to_lowercase();
    let markup =
        outline.source.get(..outline.source.floor_char_boundary(200_000)).unwrap_or("").to_ascii_lowercase();
    let challenged = CHALLENGE_WORDS.iter().any(|word| shown.contains(word));
    if challenged || (CAPTCHA.iter().any(|word| markup.contains(word)) && text.chars().count() < 1200) {
        return Some("a captcha or access check stands in the way: the page was not seen".to_owned());
    }
    let consent_address = ["consent", "cookie", "gdpr", "privacy"].iter().any(|w| {
        head.base.as_ref().is_some_and(|url| {
            url.host_str().unwrap_or("").contains(w) || url.path().to_ascii_lowercase().contains(w)
        })
    });
    let consent_form = outline.ids().any(|id| {
        outline.tag(id) == Tag::Form
            && outline.raw_attribute(id, "action").is_some_and(|action| {
                let action = action.to_ascii_lowercase();
                ["consent", "gdpr", "cookie"].iter().any(|word| action.contains(word))
            })
    });
    let consent_words = CONSENT_WORDS.iter().filter(|word| shown.contains(**word)).count();
    let links =
        outline.ids().filter(|id| outline.tag(*id) == Tag::A && !outline.has(*id, mark::HIDDEN)).count();
    if consent_words > 0
        && links < 40
        && (consent_form || consent_address || (consent_words > 1 && links < 12))
    {
        return Some("a consent wall stands in the way: the page was not seen".to_owned());
    }
    let password = outline.ids().any(|id| {
        outline.tag(id) == Tag::Input
            && outline.raw_attribute(id, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("password"))
            && !outline.has(id, mark::HIDDEN)
    });
    if password && text.chars().count() < 1500 {
        return Some("a login wall stands in the way: the page was not seen".to_owned());
    }
    let scripts = outline.ids().filter(|id| outline.tag(*id) == Tag::Script).count();
    let shell_root = outline.ids().any(|id| {
        matches!(
            outline.id_attribute(id),
            "app"
                | "root"
                | "__next"
                | "__nuxt"
                | "main-app"
                | "react-root"
                | "mount"
                | "gatsby-focus-wrapper"
        ) || outline.tag(id) == Tag::Noscript && outline.inner(id).to_ascii_lowercase().contains("javascript")
    });
    if scripts > 0 && text.chars().count() < SHELL_TEXT && (shell_root || text.len() < 40) {
        return Some("an empty shell that needs scripts: the page was not seen".to_owned());
    }
    None
}

/// Long paragraphs make an article.
fn is_prose(outline: &Outline<'_>) -> bool {
    let mut long = 0;
    for id in
        outline.ids().filter(|id| outline.tag(*id) == Tag::P && !outline.has(*id, mark::HIDDEN | mark::FRAME))
    {
        if outline.text_size(id) > 200 {
            long += 1;
        }
    }
    long >= 4
}
