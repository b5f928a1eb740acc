//! The order of the readers over one page, and what they share.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use url::Url;

use super::adapter::{self, Adapted};
use super::cards::{self, Card};
use super::currency::{self, Locale};
use super::head::{self, Head, resolve};
use super::labels::Labelled;
use super::merge::{self, Findings, Merged};
use super::money::{self, Hints};
use super::outline::{Outline, mark};
use super::page_type::{self, Evidence};
use super::prices::{self, ShownPrice};
use super::record::{self, Field, Origin, Record, Role};
use super::schema::Graph;
use super::select::{Selected, Selectors};
use super::shown::{self, Headline};
use super::{
    Explanation, annotated, information, labels, links, scan, schema, state, stock, tables, text, words,
};
use crate::listing::{Amount, Conflict, Listing, Price};
use crate::page::{Extracted, PageType};

/// Boxes of one shape that make cards; a list of two is one.
const CARDS_LEAST: usize = 2;
/// Boxes of one shape before the price that make the page a list.
const LIST_LEAST: usize = 3;
/// Rows of labels that make a table of properties.
const TABLE_LEAST: usize = 4;
/// Words of a link beside a price that names another product.
const OWN_NAME_WORDS: usize = 4;
/// Shown text that tells a page's language.
const AROUND_BYTES: usize = 4000;
/// Cards of a page.
const CARDS_MAX: usize = 500;
/// Other names kept of one card.
const CARD_CONFLICTS_MAX: usize = 5;

/// Reads a decoded page.
pub(super) fn page(source: &str, url: Option<&Url>, selectors: &Selectors) -> Explanation {
    let mut outline = scan::outline(source);
    let head = head::read(&outline, url);
    let selected = (!selectors.is_empty()).then(|| selectors.read(&outline));
    let mut adapted = adapter::read(&outline);
    let mut headlines = shown::headlines(&outline);
    let mut graphs = [
        (Origin::JsonLd, schema::json_ld(&outline)),
        (Origin::Microdata, schema::read(Origin::Microdata, &annotated::microdata(&outline))),
        (Origin::Rdfa, schema::read(Origin::Rdfa, &annotated::rdfa(&outline))),
    ];
    let mut problems: Vec<String> = outline.cuts.clone();
    let mut records: Vec<Record> = Vec::new();
    for (_, graph) in &mut graphs {
        problems.append(&mut graph.problems);
        rebase_variants(&mut graph.records);
        records.append(&mut graph.records);
    }
    records.extend(state_records(&outline, &head, &headlines, adapted.as_mut()));

    let host = host_of(url, &head);
    let language = head.language.clone().or_else(|| head.locale.clone());
    let region = region(&head);
    let locale = Locale { host: host.as_deref(), language: region.as_deref().or(language.as_deref()) };
    let hints = hints(&outline, locale, &records, &head);
    if settle_headline(&outline, &head, host.as_deref(), &records, &mut headlines)
        && let Some(headline) = headlines.first()
    {
        outline.unframe(headline.id);
    }
    let mut labels = labels::labels(&outline);
    let prices = shown_prices(&outline, &head, &labels, hints, locale);
    let (boxes, lone): (Vec<Card>, Vec<Card>) = cards::find(&outline, &prices, head.base.as_ref(), 1)
        .into_iter()
        .partition(|card| card.alike >= CARDS_LEAST);
    let anchor = headlines.first();
    let distances: Vec<u32> =
        prices.iter().map(|price| distance(&outline, price, anchor, &boxes, &lone)).collect();
    let start = anchor.map_or(0, |headline| headline.run);
    let around = outline.text_up_to(0, AROUND_BYTES, false);
    let elsewhere = |id| cards::in_card(&outline, &boxes, id, anchor.map(|headline| headline.id));
    let stock = stock::stock(&outline, start, &elsewhere);
    labels.retain(|pair| !elsewhere(pair.id));
    let named = labels::named(&outline);
    let breadcrumbs = trails(&graphs, &outline);
    let findings = Findings {
        page_url: url,
        head: &head,
        headlines: &headlines,
        records: &records,
        selected: selected.as_ref().map(|s| &s.record),
        adapted: adapted.as_ref().map(|a| &a.record),
        prices: &prices,
        distances: &distances,
        listed: boxes.iter().filter(|card| card.alike >= LIST_LEAST).count(),
        labels: &labels,
        named: &named,
        stock: &stock,
        breadcrumbs: &breadcrumbs,
        descriptions: shown::descriptions(&outline).into_iter().chain(labels::described(&outline)).collect(),
        prose: shown::prose(&outline, start, &elsewhere),
        around: &around,
        locale,
        hints,
    };
    let mut merged = merge::merge(&findings);
    problems.append(&mut merged.problems);
    let lists = Lists {
        selected: selected.as_ref().map_or(&[], |s| &s.cards),
        adapted: adapted.as_ref().map_or(&[], |a| &a.cards),
        records: &records,
        boxes: &boxes,
    };
    let mut cards = all_cards(&outline, &lists, &prices, &head, locale, hints.currency, anchor);
    let tabular = labels.iter().filter(|pair| pair.tabular).count();
    let evidence = evidence(
        &outline,
        &merged,
        &graphs,
        &cards,
        &boxes,
        &stock,
        selected.as_ref(),
        &head,
        &prices,
        anchor,
        tabular,
    );
    let evidence = Evidence { catalogue: adapted.as_ref().is_some_and(|a| a.category), ..evidence };
    let (page_type, reason) = page_type::decide(&outline, &head, &evidence);
    problems.extend(reason);
    others(&mut cards, &records, &mut merged, head.base.as_ref(), locale);
    let next = match (&selected, &adapted) {
        (Some(selected), _) if !selected.next.is_empty() => selected.next.as_slice(),
        (_, Some(adapted)) => adapted.next.as_slice(),
        _ => &[],
    };
    let next: Vec<String> = next.iter().filter_map(|href| resolve(href, head.base.as_ref())).collect();
    problems.extend(selected.iter().flat_map(|s| s.problems.iter().cloned()));
    finish(&outline, url, &head, merged, cards, page_type, problems, &next, &graphs)
}

#[expect(clippy::too_many_arguments, reason = "the last step gathers what every reader gave")]
fn finish(
    outline: &Outline<'_>,
    url: Option<&Url>,
    head: &Head,
    merged: Merged,
    mut cards: Vec<Listing>,
    page_type: PageType,
    problems: Vec<String>,
    next: &[String],
    graphs: &[(Origin, Graph)],
) -> Explanation {
    let mut products: Vec<String> = cards.iter().filter_map(|card| card.url.clone()).collect();
    products.extend(
        graphs
            .iter()
            .flat_map(|(_, graph)| &graph.listed_urls)
            .filter_map(|url| resolve(url, head.base.as_ref())),
    );
    let links = links::find(outline, head, url, &products, next);
    let Merged { listing, mut explanations, .. } = merged;
    let mut listing = (page_type == PageType::Product && !listing.title.is_empty()).then_some(listing);
    if let Some(listing) = &mut listing {
        information::complete(outline, listing, &mut explanations);
    }
    // What an article mentions or links to is not offered on it.
    if matches!(page_type, PageType::Blocked | PageType::Article) {
        cards.clear();
    }
    let extracted = Extracted {
        page_type,
        listing,
        cards,
        links,
        problems,
        nofollow: head.nofollow,
        canonical: head.canonical.clone(),
    };
    Explanation { extracted, fields: explanations }
}

/// Variants name their group by its place within one reader's records; nothing to do while readers stay apart.
fn rebase_variants(records: &mut [Record]) {
    let count = records.len();
    for record in records {
        if let Role::Variant(group) = record.role
            && group >= count
        {
            record.role = Role::Own;
        }
    }
}

/// Product-like state whose name fits what the page calls itself.
fn state_records(
    outline: &Outline<'_>,
    head: &Head,
    headlines: &[Headline],
    mut adapted: Option<&mut Adapted>,
) -> Vec<Record> {
    let names: Vec<text::Name> = headlines
        .iter()
        .take(3)
        .map(|headline| headline.text.as_str())
        .chain([head.og_title.as_str(), head.title.as_str()])
        .filter(|name| !name.is_empty())
        .map(text::Name::new)
        .collect();
    let fits = |name: &str| {
        let name = text::Name::new(name);
        names.iter().any(|known| name.likeness(known) >= 0.6)
    };
    let records = state::records(outline, &fits, &mut |value| {
        if let Some(adapted) = &mut adapted {
            adapted.see(value, &fits);
        }
    });
    if let Some(adapted) = adapted {
        adapted.settle();
    }
    records
}

fn host_of(url: Option<&Url>, head: &Head) -> Option<String> {
    let of = |address: &str| Url::parse(address).ok()?.host_str().map(str::to_owned);
    url.and_then(Url::host_str)
        .map(str::to_owned)
        .or_else(|| head.canonical.as_deref().and_then(of))
        .or_else(|| head.open_graph.first(Field::Url).and_then(of))
        .or_else(|| head.base.as_ref().and_then(Url::host_str).map(str::to_owned))
}

/// A language tag with a region, from whichever declaration has one.
fn region(head: &Head) -> Option<String> {
    [head.language.as_deref(), head.locale.as_deref()]
        .into_iter()
        .flatten()
        .find(|tag| tag.split(['-', '_']).nth(1).is_some_and(|region| region.len() == 2))
        .map(str::to_owned)
}

/// How this page writes prices: the decimal mark that most of its two-digit amounts prove, and its currency.
fn hints<'h>(outline: &Outline<'_>, locale: Locale<'_>, records: &'h [Record], head: &'h Head) -> Hints<'h> {
    let mut marks: HashMap<char, usize> = HashMap::new();
    for run in outline.runs.iter().filter(|run| !run.hidden && run.length < 40).take(20_000) {
        let written = outline.run_text(run);
        if written.bytes().any(|b| b.is_ascii_digit())
            && (written.contains([',', '.']))
            && written.chars().filter(|c| c.is_alphabetic()).count() <= 4
            && let Some(mark) = money::proven_decimal(written)
        {
            *marks.entry(mark).or_default() += 1;
        }
    }
    let (point, comma) = (marks.get(&'.').copied().unwrap_or(0), marks.get(&',').copied().unwrap_or(0));
    let decimal = match (point, comma) {
        (0, 0) => None,
        (point, comma) if point > 2 * comma => Some('.'),
        (point, comma) if comma > 2 * point => Some(','),
        _ => None,
    };
    let declared = records
        .iter()
        .filter(|record| record.role != Role::Related)
        .chain([&head.open_graph])
        .find_map(|record| record.first(Field::Currency))
        .and_then(|written| currency::iso(written, locale));
    Hints { decimal, currency: declared.or_else(|| currency::home(locale)) }
}

/// Puts the headline of the page's own product first: the `h1` that agrees with what the page calls itself; where none
/// does, the element that shows the page's title. True where the first one agrees.
fn settle_headline(
    outline: &Outline<'_>,
    head: &Head,
    host: Option<&str>,
    records: &[Record],
    headlines: &mut Vec<Headline>,
) -> bool {
    let typed = records.iter().filter(|r| r.role == Role::Own).take(5).filter_map(|r| r.first(Field::Title));
    let names: Vec<&str> = [head.og_title.as_str(), head.title.as_str()]
        .into_iter()
        .chain(typed)
        .filter(|name| !name.is_empty())
        .collect();
    // A logo in an `h1` names the shop.
    let shop = [text::key(&head.site_name), host.map(shop_of).unwrap_or_default()];
    let best = headlines
        .iter()
        .map(|headline| {
            let own_name = names.iter().map(|name| text::likeness(&headline.text, name)).fold(0.0, f32::max);
            if shop.contains(&text::key(&headline.text)) { 0.0 } else { own_name }
        })
        .enumerate()
        .reduce(|best, next| if next.1 > best.1 + 0.2 { next } else { best });
    match best {
        Some((at, likeness)) if likeness >= 0.6 || names.is_empty() => {
            let own = headlines.remove(at);
            headlines.insert(0, own);
            likeness >= 0.6
        }
        _ => {
            if let Some(shown) =
                shown::titled_element(outline, &[head.og_title.as_str(), head.title.as_str()])
            {
                headlines.insert(0, shown);
                return true;
            }
            if let Some((at, likeness)) = best.filter(|(_, likeness)| *likeness >= 0.35) {
                let own = headlines.remove(at);
                headlines.insert(0, own);
                return likeness >= 0.5;
            }
            false
        }
    }
}

/// The prices that are shown, with what titles and labels say of them.
fn shown_prices(
    outline: &Outline<'_>,
    head: &Head,
    labels: &[Labelled],
    hints: Hints<'_>,
    locale: Locale<'_>,
) -> Vec<ShownPrice> {
    let mut prices = prices::prices(outline, hints, locale);
    // What the page's titles say costs the same as what they name.
    let told = told_prices(head, hints);
    for price in prices.iter_mut().filter(|price| !price.old && told.contains(&price.money.amount)) {
        (price.told, price.named, price.own_name) = (true, true, true);
    }
    for pair in labels.iter().filter(|pair| words::PRICE_LABELS.has(&pair.key)) {
        for price in prices.iter_mut().filter(|price| outline.contains(pair.id, price.id)) {
            (price.labelled, price.named, price.own_name) = (true, true, true);
        }
    }
    prices
}

/// How far a price is from being that of the headline's product.
fn distance(
    outline: &Outline<'_>,
    price: &ShownPrice,
    anchor: Option<&Headline>,
    boxes: &[Card],
    lone: &[Card],
) -> u32 {
    let headline = anchor.map(|headline| headline.id);
    let listed = cards::in_card(outline, boxes, price.id, headline);
    let distance = prices::distance(outline, price, anchor, listed);
    if price.told {
        return distance / 2;
    }
    // One offer with a name of its own is recommended, not sold here; with a picture all the more.
    let other = lone.iter().find(|card| {
        outline.contains(card.id, price.id)
            && !headline.is_some_and(|headline| outline.contains(card.id, headline))
            && anchor.is_some_and(|headline| text::likeness(&card.name, &headline.text) < 0.5)
    });
    distance
        + match other {
            Some(card) if card.image.is_some() => 90,
            Some(card) if card.name.split_whitespace().count() >= OWN_NAME_WORDS => 30,
            _ => 0,
        }
}

/// Prices in the page's own titles and at the start of its summary.
fn told_prices(head: &Head, hints: Hints<'_>) -> Vec<Decimal> {
    let summary = |record: &Record| -> String {
        record.first(Field::Description).unwrap_or("").chars().take(60).collect()
    };
    [head.title.clone(), head.og_title.clone(), summary(&head.meta), summary(&head.open_graph)]
        .iter()
        .filter_map(|text| money::parse(text, hints))
        .filter(|money| money.currency.is_some())
        .map(|money| money.amount)
        .collect()
}

/// The name of the shop that its host tells: `www.shop.example` is `shop`.
fn shop_of(host: &str) -> String {
    let bare = host.trim_start_matches("www.");
    text::key(bare.split('.').next().unwrap_or(bare))
}

/// Breadcrumb trails, the surest reader first.
fn trails(graphs: &[(Origin, Graph)], outline: &Outline<'_>) -> Vec<(Origin, Vec<String>)> {
    let mut trails: Vec<(Origin, Vec<String>)> =
        graphs.iter().map(|(origin, graph)| (*origin, graph.breadcrumbs.clone())).collect();
    trails.push((
        Origin::Text,
        shown::breadcrumbs(outline)
            .into_iter()
            .map(|crumb| crumb.name)
            .filter(|name| !name.is_empty())
            .collect(),
    ));
    trails
}

/// What each reader of lists found, the surest first.
struct Lists<'l> {
    selected: &'l [BTreeMap<String, String>],
    adapted: &'l [BTreeMap<String, String>],
    records: &'l [Record],
    boxes: &'l [Card],
}

fn all_cards(
    outline: &Outline<'_>,
    lists: &Lists<'_>,
    prices: &[ShownPrice],
    head: &Head,
    locale: Locale<'_>,
    currency: Option<&str>,
    anchor: Option<&Headline>,
) -> Vec<Listing> {
    let mut found: Vec<Listing> = Vec::new();
    let base = head.base.as_ref();
    for (cards, origin) in [(lists.selected, Origin::Select), (lists.adapted, Origin::Adapter)] {
        if !found.is_empty() {
            break;
        }
        for card in cards {
            if let Some(listing) = of_fields(card, origin, base, locale) {
                add(&mut found, listing);
            }
        }
    }
    let selected = !lists.selected.is_empty() && !found.is_empty();
    let (records, boxes) = (lists.records, lists.boxes);
    let listed = records
        .iter()
        .filter(|r| r.role == Role::Listed || (r.role == Role::Own && r.origin != Origin::State));
    let many = records
        .iter()
        .filter(|r| r.role == Role::Own && r.origin != Origin::State && r.has(Field::Title))
        .count()
        > 2;
    for record in listed {
        if selected || (record.role == Role::Own && !many) {
            continue;
        }
        let price =
            record.first(Field::Price).and_then(|p| price_of(p, record.first(Field::Currency), locale));
        if let Some(card) = cards::of_record(record, price, base) {
            add(&mut found, card);
        }
    }
    if !selected {
        for card in tables::offers(outline, prices, currency) {
            add(&mut found, card);
        }
        for card in boxes {
            let own = anchor.is_some_and(|headline| outline.contains(card.id, headline.id));
            if !own && !outline.has(card.id, mark::HIDDEN) {
                add(&mut found, cards::listing(card, prices, locale, currency));
            }
        }
    }
    found.truncate(CARDS_MAX);
    found
}

/// A card from fields that selectors read by name.
fn of_fields(
    card: &BTreeMap<String, String>,
    origin: Origin,
    base: Option<&Url>,
    locale: Locale<'_>,
) -> Option<Listing> {
    let title = card.get("title").or_else(|| card.get("name")).map(|title| text::line(title));
    let mut listing = Listing { title: title.filter(|title| !title.is_empty())?, ..Listing::default() };
    listing.url = card.get("url").and_then(|url| resolve(url, base));
    listing.images.extend(card.get("image").and_then(|image| resolve(image, base)));
    listing.price = card.get("price").and_then(|price| price_of(price, None, locale));
    for field in card.keys().filter(|field| *field != "price" || listing.price.is_some()) {
        listing.provenance.insert(field.clone(), origin.name().to_owned());
    }
    Some(listing)
}

/// Products that the page describes beside its own: each is a card, so that no offer hides behind another. Forms of
/// the page's own product that only add to its name are its `variants`.
fn others(
    cards: &mut Vec<Listing>,
    records: &[Record],
    merged: &mut Merged,
    base: Option<&Url>,
    locale: Locale<'_>,
) {
    let own: Vec<&Record> = merged.own.iter().filter_map(|at| records.get(*at)).collect();
    let known: Vec<String> = own
        .iter()
        .filter_map(|record| record.first(Field::Title))
        .chain([merged.listing.title.as_str()])
        .map(text::key)
        .filter(|key| !key.is_empty())
        .collect();
    let page = merged.listing.url.clone();
    let mut variants: Vec<String> = Vec::new();
    let mut form = |name: String| {
        if variants.len() < record::FORMS_MAX
            && !known.contains(&text::key(&name))
            && !variants.contains(&name)
        {
            variants.push(name);
        }
    };
    own.iter().flat_map(|record| &record.forms).for_each(|name| form(name.clone()));
    for (at, record) in records.iter().enumerate() {
        let Some(title) = record.first(Field::Title).map(text::line) else { continue };
        let key = text::key(&title);
        if merged.own.contains(&at) || !record.typed || known.contains(&key) {
            continue;
        }
        if matches!(record.role, Role::Variant(_)) && known.iter().any(|own| key.contains(own.as_str())) {
            form(title);
            continue;
        }
        if cards.len() >= CARDS_MAX {
            break;
        }
        let price =
            record.first(Field::Price).and_then(|p| price_of(p, record.first(Field::Currency), locale));
        if let Some(mut card) = cards::of_record(record, price, base) {
            // Two products of one page share its address: it tells neither from the other.
            if card.url == page {
                card.url = None;
            }
            add(cards, card);
        }
    }
    if !variants.is_empty() {
        merged.listing.attributes.entry("variants".to_owned()).or_insert_with(|| variants.join("; "));
    }
}

/// Adds a card; one of the same address or, without address, the same name completes the one that stands. A name
/// that differs is kept as a conflict.
fn add(cards: &mut Vec<Listing>, card: Listing) {
    let known = cards.iter_mut().find(|known| match (&known.url, &card.url) {
        (Some(one), Some(other)) => one == other,
        _ => text::key(&known.title) == text::key(&card.title),
    });
    let Some(known) = known else {
        cards.push(card);
        return;
    };
    if text::key(&known.title) != text::key(&card.title) && known.conflicts.len() < CARD_CONFLICTS_MAX {
        known.conflicts.push(Conflict {
            field: Field::Title.name().to_owned(),
            value: card.title,
            source: card.provenance.get("title").cloned().unwrap_or_default(),
        });
    }
    if known.price.is_none() && card.price.is_some() {
        known.price = card.price;
        known
            .provenance
            .extend(card.provenance.get("price").map(|origin| ("price".to_owned(), origin.clone())));
    }
    if known.url.is_none() {
        known.url = card.url;
    }
    if known.images.is_empty() {
        known.images = card.images;
    }
    if known.description.is_empty() {
        known.description = card.description;
    }
}

fn price_of(written: &str, currency: Option<&str>, locale: Locale<'_>) -> Option<Price> {
    let code = currency.and_then(|c| currency::iso(c, locale));
    let money = money::parse(written, Hints { decimal: None, currency: code })?;
    if money.amount <= rust_decimal::Decimal::ZERO {
        return None;
    }
    let sign = money.currency.as_deref().and_then(|sign| currency::iso(sign, locale));
    Some(Price {
        amount: Amount(money.amount),
        currency: code.or(sign).map(str::to_owned),
        regular: None,
        max: money.max.map(Amount),
    })
}

#[expect(clippy::too_many_arguments, reason = "the kind of page follows from what every reader gave")]
fn evidence(
    outline: &Outline<'_>,
    merged: &Merged,
    graphs: &[(Origin, Graph)],
    cards: &[Listing],
    boxes: &[Card],
    stock: &stock::Stock,
    selected: Option<&Selected>,
    head: &Head,
    prices: &[ShownPrice],
    headline: Option<&Headline>,
    tabular: usize,
) -> Evidence {
    let listing = &merged.listing;
    Evidence {
        titled: !listing.title.is_empty(),
        typed: merged.typed,
        fits: merged.fits,
        offered: merged.offered,
        priced: merged.priced
            && merged.price_place.and_then(|at| prices.get(at)).is_some_and(|price| {
                // A price within an offer of a list is not the page's; nor is a bare number where prices have signs.
                let signed = |price: &ShownPrice| price.money.currency.is_some();
                let listed = boxes.iter().any(|card| {
                    outline.contains(card.id, price.id)
                        && headline.is_none_or(|headline| !outline.contains(card.id, headline.id))
                });
                !listed && (signed(price) || !prices.iter().any(signed))
            }),
        buy: stock.buy,
        price_labelled: merged
            .price_place
            .and_then(|at| prices.get(at))
            .is_some_and(|price| (price.labelled || price.told) && !price.other),
        stocked: stock.out.is_some() || stock.available.is_some(),
        labelled: merged.labelled,
        detailed: tabular >= TABLE_LEAST,
        identified: !listing.gtin.is_empty() || listing.sku.is_some() || listing.mpn.is_some(),
        selected: selected.is_some_and(|s| s.record.has(Field::Title) && s.record.has(Field::Price)),
        marked_cards: boxes
            .iter()
            .filter(|card| {
                let prices = card.prices.iter().filter_map(|at| prices.get(*at));
                prices.into_iter().any(|price| price.named && price.money.currency.is_some())
            })
            .count(),
        cards: cards.iter().filter(|card| card.price.is_some()).count(),
        listed: cards.len(),
        list: graphs.iter().any(|(_, graph)| graph.list),
        catalogue: false,
        article: graphs.iter().any(|(_, graph)| graph.article) || head.og_type.contains("article"),
        cards_first: merged.price_place.is_some_and(|at| {
            let from = headline.map_or(0, |headline| headline.run);
            let between =
                |place: usize| place < at && prices.get(place).is_some_and(|price| price.run > from);
            boxes.iter().filter_map(|card| card.prices.first()).filter(|place| between(**place)).count()
                >= LIST_LEAST
        }),
    }
}
