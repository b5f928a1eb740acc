//! Prices that a visitor sees: where they stand, what their elements are named, how far they are from the headline.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::currency::{self, Locale};
use super::money::{self, Hints, Money};
use super::outline::{Gap, Id, Outline, Run, Tag, mark};
use super::shown::Headline;
use super::{entity, words};

/// Prices read of a page; a long category page shows some 500.
const PRICES_MAX: usize = 2000;
/// Runs with digits that are tried.
const TRIES_MAX: usize = 20_000;
/// Bytes of an element that may be nothing but a price.
const PRICE_BYTES: usize = 160;

/// A price that is shown.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one element")]
pub(super) struct ShownPrice {
    pub(super) id: Id,
    /// Its place among the runs.
    pub(super) run: usize,
    pub(super) money: Money,
    pub(super) text: String,
    /// Struck through or named as an old price.
    pub(super) old: bool,
    /// Its element, or one around it, is named as a price.
    pub(super) named: bool,
    /// Its own element is.
    pub(super) own_name: bool,
    /// A word for "price" stands before it, as in a table or line of labels.
    pub(super) labelled: bool,
    /// The page's own titles say it.
    pub(super) told: bool,
    /// Its element is named as the price that is paid.
    pub(super) now: bool,
    /// It is of something else: delivery, a rate, a kilogram.
    pub(super) other: bool,
    /// The text is nothing but a price.
    pub(super) pure: bool,
}

/// Every price that is shown, in page order.
pub(super) fn prices(outline: &Outline<'_>, hints: Hints<'_>, locale: Locale<'_>) -> Vec<ShownPrice> {
    let mut found: Vec<ShownPrice> = Vec::new();
    let (mut covered, mut tries) = (0_usize, 0_usize);
    let mut texts = Texts::new();
    for (at, run) in outline.runs.iter().enumerate() {
        if found.len() >= PRICES_MAX || tries >= TRIES_MAX {
            break;
        }
        if run.hidden || at < covered || run.length > 400 {
            continue;
        }
        let written = outline.run_text(run);
        if !has_digit(written) {
            continue;
        }
        tries += 1;
        if let Some(price) = price_at(outline, at, run, hints, locale, &mut texts) {
            // A price within a longer text covers only that piece of it.
            let whole = outline.text_size(price.id) <= PRICE_BYTES;
            covered = outline
                .element(price.id)
                .filter(|_| whole)
                .map_or(at + 1, |e| e.last_run as usize)
                .max(at + 1);
            found.push(price);
        }
    }
    mark_pairs(outline, &mut found);
    found
}

/// Of two prices in one small box the higher is the one that was: shops do not always strike it through in HTML. Beside
/// the words "without VAT" the lower is net and the higher is paid.
fn mark_pairs(outline: &Outline<'_>, prices: &mut [ShownPrice]) {
    /// Runs between the two.
    const REACH: usize = 8;
    /// A discount to less than this share is another kind of price.
    const LEAST_SHARE: Decimal = Decimal::from_parts(25, 0, 0, false, 2);
    for at in 0..prices.len() {
        for next in at + 1..prices.len().min(at + 4) {
            let (Some(one), Some(other)) = (prices.get(at), prices.get(next)) else { break };
            let (low, high) = if one.money.amount < other.money.amount { (at, next) } else { (next, at) };
            let (Some(lower), Some(higher)) = (prices.get(low), prices.get(high)) else { break };
            let shared = outline.ancestors(one.id).find(|above| outline.contains(*above, other.id));
            let small = shared.is_some_and(|id| {
                outline.text_size(id) <= 400 && !apart(outline, id, one.id) && !apart(outline, id, other.id)
            });
            let (less, more) = (lower.money.amount, higher.money.amount);
            if other.run > one.run + REACH || !small || less == more || less < more * LEAST_SHARE {
                continue;
            }
            if !lower.pure || !higher.pure {
                continue;
            }
            if is_net(&around(outline, lower.id, lower.run)) {
                if let Some(net) = prices.get_mut(low) {
                    net.other = true;
                }
                if let Some(paid) = prices.get_mut(high) {
                    paid.old = false;
                }
            } else if !lower.other
                && !lower.old
                && !higher.other
                && let Some(was) = prices.get_mut(high)
            {
                was.old = true;
            }
        }
    }
}

/// Whether the part of a box that holds a price is an offer of its own: it has a name or link beside the price.
fn apart(outline: &Outline<'_>, shared: Id, price: Id) -> bool {
    /// Bytes of a label beside a price.
    const LABEL_BYTES: usize = 40;
    let part = std::iter::once(price)
        .chain(outline.ancestors(price))
        .take_while(|above| *above != shared)
        .last()
        .filter(|part| *part != price);
    part.is_some_and(|part| {
        outline.text_size(part) > outline.text_size(price) + LABEL_BYTES
            || outline
                .below(part)
                .take(100)
                .any(|id| outline.tag(id) == Tag::A || outline.tag(id).is_heading())
    })
}

/// "excl. VAT", "brez DDV", "zzgl. `MwSt`.".
fn is_net(text: &str) -> bool {
    let mut spoken = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let mut without = false;
    spoken.any(|word| {
        let taxed = without && words::TAXES.contains(&word);
        without |= words::WITHOUT.contains(&word);
        taxed || matches!(word, "netto" | "htva" | "nettó")
    })
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit()) || (!text.is_ascii() && text.chars().any(char::is_numeric))
}

/// The text of small elements and the price in it: several runs ask for the same ones.
type Texts = HashMap<Id, (String, Option<Money>)>;

/// Bytes of a text that may be a price.
const TEXT_MAX: usize = 200;

fn read(text: String, hints: Hints<'_>) -> (String, Option<Money>) {
    let money = if text.len() > TEXT_MAX { None } else { money::parse(&text, hints) };
    (text, money)
}

/// The price whose first digits stand in `run`: the smallest element that shows amount and currency.
fn price_at(
    outline: &Outline<'_>,
    at: usize,
    run: &Run,
    hints: Hints<'_>,
    locale: Locale<'_>,
    texts: &mut Texts,
) -> Option<ShownPrice> {
    let mut best: Option<(Id, String, Money, bool)> = None;
    let mut id = run.parent;
    let digits: String = outline.run_text(run).chars().filter(char::is_ascii_digit).collect();
    for level in 0..5 {
        let size = outline.text_size(id);
        // A box with a headline shows more than a price.
        let headed = || outline.below(id).take(30).any(|at| outline.tag(at).is_heading());
        if level > 0 && (size > PRICE_BYTES || headed()) {
            break;
        }
        let alone;
        let (text, money) = if level == 0 && size > PRICE_BYTES {
            alone = read(super::outline::collapse(&entity::decode(outline.run_text(run))), hints);
            &alone
        } else {
            texts.entry(id).or_insert_with(|| read(price_text(outline, id), hints))
        };
        if text.len() > TEXT_MAX {
            break;
        }
        let again = best.as_ref().is_some_and(|(_, known, _, _)| known == text);
        if again {
            match outline.parent(id) {
                Some(parent) => id = parent,
                None => break,
            }
            continue;
        }
        if let Some(money) = money.as_ref().filter(|money| begins_in(money, &digits)) {
            let pure = is_pure(text, money);
            let signed = money.currency.is_some();
            let known_sign = best.as_ref().is_some_and(|(_, _, known, _)| known.currency.is_some());
            // The name "Plane number 4" in a link before "€44.50": the sign is the next price's.
            let borrowed = signed
                && outline.has(run.parent, mark::LINKED)
                && best
                    .as_ref()
                    .is_some_and(|(_, _, known, _)| known.currency.is_none() && known.amount == money.amount)
                && outline.runs.get(at + 1).is_some_and(|next| is_whole_price(outline, next, hints));
            if borrowed {
                break;
            }
            if best.is_none() || (signed && !known_sign) {
                best = Some((id, text.clone(), money.clone(), pure));
            } else if known_sign
                && best.as_ref().is_some_and(|(_, _, known, _)| {
                    known.amount.trunc() == money.amount && known.amount != money.amount
                })
            {
                break;
            } else if let Some((_, _, known, _)) = &best
                && signed
                && level <= 3
                && known.amount.scale() == 0
                && money.amount.trunc() == known.amount
                && money.amount != known.amount
            {
                // "24" in one element, "99" in the next: the larger one shows the whole price.
                best = Some((id, text.clone(), money.clone(), pure));
            }
        }
        if let Some(parent) = outline.parent(id) {
            id = parent;
        } else {
            break;
        }
    }
    let (id, text, money, pure) = best?;
    if money.amount <= Decimal::ZERO {
        return None;
    }
    let naming = Naming::of(outline, id);
    let label = label_before(outline, id, at);
    let labelled = words::PRICE_LABELS.has(&label);
    let sure = money.currency.as_deref().is_some_and(|sign| currency::is_sure(sign, locale));
    if !(sure || ((naming.price || labelled) && pure)) {
        return None;
    }
    let around = around(outline, id, at);
    let old = naming.old || words::OLD_PRICE_LABELS.has(&label) || outline.has(id, mark::STRUCK);
    let other = words::OTHER_PRICE_WORDS.in_text(&around);
    Some(ShownPrice {
        id,
        run: at,
        money,
        text,
        old,
        named: naming.price || labelled,
        own_name: naming.own || labelled,
        labelled,
        told: false,
        now: naming.now,
        other,
        pure,
    })
}

/// Whether a run shows an amount and its currency by itself.
fn is_whole_price(outline: &Outline<'_>, run: &Run, hints: Hints<'_>) -> bool {
    let written = outline.run_text(run);
    written.len() <= 40
        && has_digit(written)
        && money::parse(&entity::decode(written), hints).is_some_and(|money| money.currency.is_some())
}

/// The label before a price: what its own text begins with, or the run before it where that ends a cell, line or label.
fn label_before(outline: &Outline<'_>, id: Id, at: usize) -> String {
    let own = outline.text_up_to(id, 60, false);
    let lead: String = own.chars().take_while(|c| !c.is_ascii_digit() && *c != ':').collect();
    let lead = words::label(lead.trim_end_matches(|c: char| !c.is_alphabetic() && c != '.'));
    if lead.chars().filter(|c| c.is_alphabetic()).count() > 3 {
        return lead;
    }
    let first = outline.element(id).map_or(at, |e| (e.first_run as usize).min(at));
    let before = outline.runs.get(first.saturating_sub(3)..first).unwrap_or(&[]).iter().rev();
    let before = before.filter(|run| !run.hidden && run.length < 120).map(|run| outline.run_text(run));
    let spoken = before
        .map(|text| entity::decode(text).into_owned())
        .find(|text| text.chars().any(char::is_alphabetic));
    words::label(&spoken.unwrap_or_default())
}

/// Whether the amount begins in a run with these digits: a percentage beside a price is not the price.
fn begins_in(money: &Money, digits: &str) -> bool {
    let written: String = money.amount.to_string().chars().filter(char::is_ascii_digit).collect();
    let bare = written.trim_start_matches('0');
    digits.is_empty() || digits.contains(bare) || written.starts_with(digits) || digits.contains(&written)
}

/// The text of a price element, with a decimal mark before minor units that are set apart (`12<sup>99</sup>`).
fn price_text(outline: &Outline<'_>, id: Id) -> String {
    let mut out = String::new();
    let mut last_parent = None;
    for run in outline.runs_of(id).iter().filter(|run| !run.hidden).take(30) {
        let piece = entity::decode(outline.run_text(run));
        let piece = piece.trim();
        let tail_is_digit = out.ends_with(|c: char| c.is_ascii_digit());
        let digits = piece.chars().take_while(char::is_ascii_digit).count();
        let apart = last_parent.is_some_and(|parent| parent != run.parent);
        let minor = digits == 2
            && piece.chars().nth(2).is_none_or(|c| !matches!(c, '.' | ',') && !c.is_ascii_digit());
        if tail_is_digit
            && minor
            && apart
            && !out.contains([',', '.'])
            && (run.gap == Gap::None || is_minor(outline, run.parent))
        {
            out.push('.');
        } else if tail_is_digit && digits > 0 && run.gap == Gap::Block {
            // Digits of two blocks are two numbers.
            out.push_str(" · ");
        } else if (tail_is_digit && digits > 0)
            || run.gap != Gap::None
            || outline.run_text(run).starts_with(char::is_whitespace)
        {
            out.push(' ');
        }
        out.push_str(piece);
        if outline.run_text(run).ends_with(char::is_whitespace) {
            out.push(' ');
        }
        last_parent = Some(run.parent);
    }
    super::outline::collapse(&out)
}

fn is_minor(outline: &Outline<'_>, id: Id) -> bool {
    const NAMES: &[&str] = &["cent", "decimal", "fraction", "minor", "kop", "penny", "pence", "sup", "small"];
    matches!(outline.tag(id), Tag::Sup | Tag::Small | Tag::Sub)
        || words::any_in(&outline.class(id).to_ascii_lowercase(), NAMES)
}

/// Nothing but amount, currency and a few letters ("from", "incl. VAT" are not many).
fn is_pure(text: &str, money: &Money) -> bool {
    let sign = money.currency.as_deref().map_or(0, |sign| sign.chars().count());
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    letters <= sign + 8
}

#[expect(clippy::struct_excessive_bools, reason = "independent facts about one element")]
struct Naming {
    price: bool,
    own: bool,
    old: bool,
    now: bool,
}

impl Naming {
    /// What classes, ids and test hooks of the element and those just around it say.
    fn of(outline: &Outline<'_>, id: Id) -> Self {
        let mut naming = Self { price: false, own: false, old: false, now: false };
        let size = outline.text_size(id).max(1);
        for (level, at) in std::iter::once(id).chain(outline.ancestors(id)).take(5).enumerate() {
            if level > 0 && outline.text_size(at) > size * 6 + 100 {
                break;
            }
            let mut names = outline.class(at).to_ascii_lowercase();
            for attribute in
                ["id", "itemprop", "data-testid", "data-test", "data-qa", "data-auto", "property"]
            {
                if let Some(value) = outline.raw_attribute(at, attribute).filter(|v| v.len() < 200) {
                    names.push(' ');
                    names.push_str(&value.to_ascii_lowercase());
                }
            }
            let price = words::PRICE_NAMES.in_text(&names);
            naming.price |= price;
            naming.own |= price && level == 0;
            if level <= 2 {
                naming.old |= (price || level == 0) && words::OLD_PRICE_NAMES.in_names(&names);
                naming.now |= level <= 1 && price && words::NOW_PRICE_NAMES.in_names(&names);
            }
        }
        naming
    }
}

/// The lower-cased text around a price: its own element, and the words beside it up to the next number.
fn around(outline: &Outline<'_>, id: Id, run: usize) -> String {
    /// Words on one side.
    const SIDE: usize = 2;
    let mut text = outline.text_up_to(id, 300, false).to_lowercase();
    let bounds =
        outline.parent(id).and_then(|parent| outline.parent(parent)).and_then(|above| outline.element(above));
    let Some(bounds) = bounds.map(|e| e.first_run as usize..e.last_run as usize) else { return text };
    let own = outline.element(id).map_or(run..run + 1, |e| e.first_run as usize..e.last_run as usize);
    let before = outline.runs.get(bounds.start..own.start.max(bounds.start)).unwrap_or(&[]).iter().rev();
    let after = outline.runs.get(own.end..bounds.end.max(own.end)).unwrap_or(&[]).iter();
    for (run, follows) in
        before.take(SIDE).map(|run| (run, false)).chain(after.take(SIDE).map(|run| (run, true)))
    {
        let words = super::outline::collapse(&entity::decode(outline.run_text(run))).to_lowercase();
        if run.hidden || words.chars().count() > 60 || (has_digit(&words) && !words.starts_with('/')) {
            if follows {
                break;
            }
            continue;
        }
        text = if follows { format!("{text} {words} ") } else { format!("{words} {text}") };
    }
    text
}

/// How far a price is from being the price of the headline's product; the smallest is it.
pub(super) fn distance(
    outline: &Outline<'_>,
    price: &ShownPrice,
    headline: Option<&Headline>,
    in_list: bool,
) -> u32 {
    let mut far = 0;
    if let Some(headline) = headline {
        let apart = price.run.abs_diff(headline.run);
        // A price above its headline is rarer than one below.
        far += u32::try_from(if price.run < headline.run { apart * 2 + 15 } else { apart })
            .unwrap_or(u32::MAX / 4)
            .min(2000);
        let shared = outline.ancestors(price.id).find(|above| outline.contains(*above, headline.id));
        let depth = |id: Id| outline.element(id).map_or(0, |e| u32::from(e.depth));
        far += depth(headline.id).saturating_sub(shared.map_or(0, depth)) * 3;
    } else {
        far += u32::try_from(price.run).unwrap_or(u32::MAX / 4).min(2000) / 4;
    }
    far += if price.old { 60 } else { 0 };
    far += if price.other { 70 } else { 0 };
    far += if in_list { 90 } else { 0 };
    far += if outline.has(price.id, mark::FRAME) { 80 } else { 0 };
    far += if outline.has(price.id, mark::LINKED) { 30 } else { 0 };
    far += if price.money.currency.is_none() { 25 } else { 0 };
    far += if price.pure { 0 } else { 35 };
    far += match (price.own_name, price.named) {
        (true, _) => 0,
        (false, true) => 18,
        (false, false) => 45,
    };
    far + if price.now { 0 } else { 12 }
}
