//! What a visitor is told of stock, and whether a button buys.

use super::entity;
use super::outline::{Id, Outline, Tag, mark};
use super::words::{self, Vocabulary};

/// What the text near the headline says of stock, and whether a button buys.
#[derive(Debug, Default)]
pub(super) struct Stock {
    pub(super) out: Option<String>,
    pub(super) available: Option<String>,
    pub(super) buy: bool,
    /// The button that buys is the first one below the headline, and near.
    pub(super) near: bool,
}

/// How many runs around the headline and the price may speak of stock.
const STOCK_REACH: usize = 160;

/// Reads stock words and buy buttons; what `elsewhere` says stands in an offer of a list speaks for that one only.
pub(super) fn stock(outline: &Outline<'_>, around: usize, elsewhere: &dyn Fn(Id) -> bool) -> Stock {
    let mut stock = Stock::default();
    let from = around.saturating_sub(STOCK_REACH / 2);
    for run in outline.runs.iter().skip(from).take(STOCK_REACH * 2) {
        if run.hidden || run.length > 160 || outline.has(run.parent, mark::FRAME) {
            continue;
        }
        let text = entity::decode(outline.run_text(run)).trim().to_lowercase();
        // A sentence that mentions stock in passing is no statement of it.
        if text.chars().count() <= 70 {
            if words::OUT_OF_STOCK.in_text(&text) && !elsewhere(run.parent) {
                let option = matches!(outline.tag(run.parent), Tag::Option | Tag::Label | Tag::Li);
                if !option && stock.out.is_none() {
                    stock.out = Some(outline.place(run.parent));
                }
            } else if words::IN_STOCK.in_text(&text) && stock.available.is_none() && !elsewhere(run.parent) {
                stock.available = Some(outline.place(run.parent));
            }
        }
    }
    (stock.buy, stock.near) = buys(outline, around, elsewhere);
    stock
}

/// Classes, ids and names of what buys.
#[rustfmt::skip]
static BUY_NAMES: Vocabulary = Vocabulary::new(&[
    "add-to-cart", "addtocart", "add_to_cart", "add-to-basket", "addtobasket", "add-to-bag",
    "addtobag", "buy-now", "buynow", "buy_now", "in-den-warenkorb", "product-form__submit",
    "single_add_to_cart", "tocart", "to-cart", "buybutton", "buy-button", "btn-buy",
    "btn-cart", "button-cart",
]);

/// Whether a button buys, and whether that is the first one below the headline. One that is disabled there buys
/// nothing, whatever other buttons do.
fn buys(outline: &Outline<'_>, around: usize, elsewhere: &dyn Fn(Id) -> bool) -> (bool, bool) {
    let (mut before, mut first) = (false, None);
    for id in outline.ids().filter(|id| is_buy_button(outline, *id) && !elsewhere(*id)) {
        let enabled = outline.raw_attribute(id, "disabled").is_none();
        let run = outline.element(id).map_or(0, |e| e.first_run as usize);
        if run < around {
            before |= enabled;
        } else {
            first = Some((enabled, run - around));
            break;
        }
    }
    match first {
        Some((enabled, distance)) if distance <= STOCK_REACH => (enabled, enabled),
        Some((enabled, _)) => (enabled || before, false),
        None => (before, false),
    }
}

fn is_buy_button(outline: &Outline<'_>, id: Id) -> bool {
    let tag = outline.tag(id);
    if !matches!(tag, Tag::Button | Tag::Input | Tag::A) || outline.has(id, mark::FRAME | mark::HIDDEN) {
        return false;
    }
    let mut names = outline.class(id).to_ascii_lowercase();
    for attribute in ["id", "name", "data-testid", "data-action"] {
        names.push_str(&outline.raw_attribute(id, attribute).unwrap_or("").to_ascii_lowercase());
    }
    let text = match tag {
        Tag::Input => outline.attribute(id, "value").unwrap_or_default().to_lowercase(),
        _ if outline.text_size(id) < 200 => outline.text_up_to(id, 100, false).to_lowercase(),
        _ => String::new(),
    };
    let says = text.chars().count() <= 40 && words::BUY.in_text(&text);
    says || BUY_NAMES.in_text(&names)
}
