//! The rules of the other fields: availability, brand, numbers, category, pictures, text, seller.

use std::collections::BTreeMap;

use super::clean::{availability, brand, digits, identifier, is_code, word};
use super::{Candidate, Draft};
use crate::extract::head::resolve;
use crate::extract::labels::Named;
use crate::extract::record::{self, Field, Origin};
use crate::extract::words::Labels;
use crate::extract::{ExplainedCandidate, FieldExplanation, gtin, language, text, words};
use crate::listing::Seller;

/// Pictures kept.
const IMAGES_MAX: usize = 30;

/// A description without the heading "Description" that stands in its box.
fn without_label(text: &str) -> &str {
    let spaces = text.match_indices(' ').take(3);
    let labelled =
        spaces.filter(|(at, _)| words::DESCRIPTION_LABELS.has(&words::label(text.get(..*at).unwrap_or(""))));
    let rest = labelled.last().and_then(|(at, _)| text.get(at + 1..)).unwrap_or(text);
    if rest.chars().next().is_some_and(|c| c.is_uppercase() || !c.is_alphabetic()) { rest } else { text }
}

/// The name of somebody: a few words, no sentence.
fn is_party(value: &str) -> bool {
    (2..=80).contains(&value.chars().count()) && value.split_whitespace().count() <= 8
}

impl Draft<'_, '_> {
    pub(super) fn availability(&mut self) {
        let mut candidates: Vec<Candidate> = self
            .candidates(Field::Availability)
            .into_iter()
            .filter_map(|c| {
                let meaning = availability(&c.value)?;
                Some(Candidate { value: word(meaning).to_owned(), ..c })
            })
            .collect();
        let marked = candidates.iter().any(|c| c.origin != Origin::Text && c.origin != Origin::State);
        // Any form in stock means that the offer is: of one reader the best word counts.
        let mut best: BTreeMap<Origin, Candidate> = BTreeMap::new();
        for candidate in candidates.drain(..) {
            let better = best
                .get(&candidate.origin)
                .is_none_or(|known| known.value == "OutOfStock" && candidate.value != "OutOfStock");
            if better {
                best.insert(candidate.origin, candidate);
            }
        }
        let mut candidates: Vec<Candidate> = best.into_values().collect();
        let stock = self.findings.stock;
        let text = |place: &str, value: &str, weight: f32| Candidate {
            value: value.to_owned(),
            origin: Origin::Text,
            place: place.to_owned(),
            weight,
        };
        let stated = self.labelled(&words::STOCK_LABELS, 2.2);
        let stated = stated
            .into_iter()
            .filter_map(|c| Some(Candidate { value: word(availability(&c.value)?).to_owned(), ..c }));
        candidates.extend(stated.take(1));
        if let Some(place) = &stock.out {
            candidates.push(text(
                place,
                "OutOfStock",
                if stock.buy {
                    0.6
                } else if marked {
                    3.5
                } else {
                    2.0
                },
            ));
        } else if let Some(place) = &stock.available {
            candidates.push(text(place, "InStock", if stock.buy { 3.5 } else { 0.8 }));
        } else if stock.buy && self.merged.listing.price.is_some() {
            candidates.push(text("button", "InStock", if stock.near { 3.2 } else { 0.7 }));
        }
        if let Some((value, _)) = self.decide(Field::Availability, &candidates, str::to_owned) {
            self.merged.listing.availability = availability(&value).unwrap_or_default();
        }
    }

    /// Values of a field from labels.
    pub(super) fn labelled(&self, field_labels: &Labels, weight: f32) -> Vec<Candidate> {
        self.findings
            .labels
            .iter()
            .filter(|pair| field_labels.has(&pair.key))
            .map(|pair| Candidate {
                value: pair.value.clone(),
                origin: Origin::Text,
                place: pair.label.clone(),
                weight: weight + if pair.tabular { 0.2 } else { 0.0 },
            })
            .collect()
    }

    /// Values of a field from elements that are named for it, near the headline first.
    fn named(&self, field: Field, usable: impl Fn(&str) -> bool) -> Vec<Candidate> {
        let around = self.findings.headlines.first().map_or(0, |headline| headline.run);
        let mut near: Vec<&Named> = self
            .findings
            .named
            .iter()
            .filter(|n| n.field == field && n.run.abs_diff(around) < 150 && usable(&n.value))
            .collect();
        near.sort_by_key(|n| n.run.abs_diff(around));
        // A number that is shown beside the headline and named as one is the number the shop goes by.
        let close = near.first().is_some_and(|n| n.run.abs_diff(around) < 80 && digits(&n.value) >= 3);
        let first_weight = if close && field == Field::Sku { 5.0 } else { 1.8 };
        near.into_iter()
            .take(2)
            .zip([first_weight, 0.5])
            .map(|(named, weight)| Candidate {
                value: named.value.clone(),
                origin: Origin::Text,
                place: named.place.clone(),
                weight,
            })
            .collect()
    }

    /// The number in the page's own address: what the shop goes by where it shows nothing.
    fn address_number(&self) -> Option<Candidate> {
        let url = self.findings.page_url?;
        let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
        let number = segments.iter().rev().take(2).find_map(|segment| {
            let stem = segment.split('.').next().unwrap_or(segment);
            let mut parts = stem.split(['-', '_']).rev();
            parts
                .find(|part| part.chars().filter(char::is_ascii_digit).count() >= 5 && part.len() <= 24)
                .map(str::to_owned)
        })?;
        Some(Candidate { value: number, origin: Origin::Text, place: "address".to_owned(), weight: 0.4 })
    }

    pub(super) fn names(&mut self) {
        let mut candidates = self.candidates(Field::Brand);
        candidates.extend(self.labelled(&words::BRAND_LABELS, 1.6));
        candidates.extend(self.named(Field::Brand, |_| true));
        let candidates: Vec<Candidate> = candidates
            .into_iter()
            .map(|c| Candidate { value: brand(&c.value), ..c })
            .filter(|c| !c.value.is_empty() && c.value.chars().count() <= 80)
            .collect();
        self.merged.listing.brand = self.decide(Field::Brand, &candidates, text::key).map(|(value, _)| value);
    }

    pub(super) fn identifiers(&mut self) {
        let mut gtins = self.candidates(Field::Gtin);
        gtins.extend(self.labelled(&words::GTIN_LABELS, 1.5));
        let valid: Vec<Candidate> = gtins
            .into_iter()
            .flat_map(|c| {
                c.value
                    .split([',', ';', '/', '|'])
                    .filter_map(gtin::parse)
                    .map(|value| Candidate { value, ..c.clone() })
                    .collect::<Vec<_>>()
            })
            .collect();
        if let Some(first) = valid.first() {
            self.merged.listing.provenance.insert("gtin".to_owned(), first.origin.name().to_owned());
        }
        for candidate in &valid {
            let known = self
                .merged
                .listing
                .gtin
                .iter()
                .any(|k| k.trim_start_matches('0') == candidate.value.trim_start_matches('0'));
            if !known && self.merged.listing.gtin.len() < 20 {
                self.merged.listing.gtin.push(candidate.value.clone());
            }
        }
        if !valid.is_empty() {
            let explained = valid.iter().map(|c| ExplainedCandidate {
                value: c.value.clone(),
                source: c.origin.name().to_owned(),
                place: c.place.clone(),
                won: true,
            });
            self.merged.explanations.push(FieldExplanation {
                field: "gtin".to_owned(),
                value: Some(self.merged.listing.gtin.join(", ")),
                why: "every number with a label and a valid check digit".to_owned(),
                candidates: explained.collect(),
            });
        }
        let usable = |candidates: Vec<Candidate>| -> Vec<Candidate> {
            candidates
                .into_iter()
                .map(|c| Candidate { value: identifier(&c.value), ..c })
                .filter(|c| !c.value.is_empty())
                .collect()
        };
        let skus_known: Vec<String> =
            self.candidates(Field::Sku).iter().map(|c| text::key(&c.value)).collect();
        let codes =
            |candidates: Vec<Candidate>| candidates.into_iter().filter(|c| is_code(&identifier(&c.value)));
        // In a named element the number may stand after its label; a sentence is no number.
        let lone = |value: &str| {
            let code = identifier(value);
            is_code(&code) && !code.contains(char::is_whitespace)
        };
        let mut mpns = self.candidates(Field::Mpn);
        // Plug-ins fill `mpn` with the shop's own number where they know no other.
        for candidate in mpns
            .iter_mut()
            .filter(|c| c.origin != Origin::Select && skus_known.contains(&text::key(&c.value)))
        {
            candidate.weight *= 0.5;
        }
        mpns.extend(codes(self.labelled(&words::MPN_LABELS, 2.0)));
        mpns.extend(self.named(Field::Mpn, lone));
        self.merged.listing.mpn = self.decide(Field::Mpn, &usable(mpns), text::key).map(|(value, _)| value);
        let mut skus = self.candidates(Field::Sku);
        // Several numbers in one record are those of its forms, not of the product.
        for origin in [Origin::JsonLd, Origin::Microdata, Origin::Rdfa, Origin::State] {
            let several = skus.iter().filter(|c| c.origin == origin).count() > 2;
            for candidate in skus.iter_mut().filter(|c| several && c.origin == origin) {
                candidate.weight *= 0.5;
            }
        }
        // The number that the shop shows with a label is the one it goes by.
        let mut labelled: Vec<Candidate> = codes(self.labelled(&words::SKU_LABELS, 6.0)).collect();
        for candidate in &mut labelled {
            if words::VAGUE_SKU_LABELS.has(&words::label(&candidate.place)) {
                candidate.weight = 1.7;
            }
            if words::label(&candidate.place) == "asin" {
                candidate.weight = 9.0;
            }
        }
        self.merged.labelled = !labelled.is_empty() || !valid.is_empty();
        skus.extend(labelled);
        skus.extend(self.named(Field::Sku, lone));
        skus.extend(self.address_number());
        self.merged.listing.sku = self.decide(Field::Sku, &usable(skus), text::key).map(|(value, _)| value);
    }

    pub(super) fn category(&mut self) {
        let labelled = self.labelled(&words::CATEGORY_LABELS, 1.0).into_iter().next();
        let listing = &mut self.merged.listing;
        let selected: Vec<String> = self
            .findings
            .selected
            .into_iter()
            .flat_map(|r| r.all(Field::Category))
            .map(|c| c.value.clone())
            .collect();
        let trail = self.findings.breadcrumbs.iter().find(|(_, names)| !names.is_empty());
        let (names, origin) = if !selected.is_empty() {
            (selected, Origin::Select)
        } else if let Some((origin, names)) = trail {
            (names.clone(), *origin)
        } else {
            let claimed = self
                .own
                .iter()
                .copied()
                .chain([&self.findings.head.open_graph])
                .find_map(|r| Some((r.first(Field::Category)?, r.origin)));
            let claimed = claimed.map(|(claimed, origin)| (claimed.to_owned(), origin));
            let labelled = labelled.map(|c| (c.value.replace(',', "›"), c.origin));
            let Some((claimed, origin)) = claimed.or(labelled) else { return };
            let names = claimed
                .split(['>', '/', '›', '»', '|'])
                .map(|part| part.trim().to_owned())
                .filter(|part| !part.is_empty())
                .collect();
            (names, origin)
        };
        let title = text::key(&listing.title);
        listing.category = names.into_iter().filter(|name| text::key(name) != title).take(20).collect();
        if !listing.category.is_empty() {
            listing.provenance.insert("category".to_owned(), origin.name().to_owned());
        }
    }

    pub(super) fn images(&mut self) {
        let base = self.findings.head.base.as_ref();
        let candidates = self.candidates(Field::Image);
        let mut origin = None;
        for candidate in candidates {
            let Some(url) = resolve(&candidate.value, base).filter(|url| !url.starts_with("data:")) else {
                continue;
            };
            let images = &mut self.merged.listing.images;
            if images.len() < IMAGES_MAX && !images.contains(&url) {
                origin.get_or_insert(candidate.origin);
                images.push(url);
            }
        }
        if let Some(origin) = origin {
            self.merged.listing.provenance.insert("images".to_owned(), origin.name().to_owned());
        }
    }

    /// The longest own text tells most; the head's summary serves where there is none. Texts that say something else
    /// are kept as conflicts.
    pub(super) fn description(&mut self) {
        let mut candidates: Vec<Candidate> = self
            .candidates(Field::Description)
            .into_iter()
            .map(|c| Candidate { value: text::line(&c.value), ..c })
            .filter(|c| !c.value.is_empty())
            .collect();
        candidates.extend(self.findings.descriptions.iter().map(|(value, place)| Candidate {
            value: value.clone(),
            origin: Origin::Text,
            place: place.clone(),
            weight: 1.0,
        }));
        candidates.extend(self.labelled(&words::DESCRIPTION_LABELS, 1.0));
        if !candidates.iter().any(|c| !matches!(c.origin, Origin::OpenGraph | Origin::Meta)) {
            let prose = self.findings.prose.iter().cloned();
            candidates.extend(prose.map(|(value, place)| Candidate {
                value,
                origin: Origin::Text,
                place,
                weight: 0.5,
            }));
        }
        let rank = |c: &Candidate| {
            let own = !matches!(c.origin, Origin::OpenGraph | Origin::Meta);
            (c.origin == Origin::Select, c.origin == Origin::Adapter, own, c.value.len())
        };
        let best = (0..candidates.len()).max_by_key(|at| candidates.get(*at).map(rank));
        let Some(whole) = best.and_then(|at| candidates.get(at)).map(|c| text::key(&c.value)) else { return };
        // A summary of what won says nothing else.
        let key = |value: &str| {
            let part = text::key(value);
            if whole.contains(&part) { whole.clone() } else { part }
        };
        let why = "the longest text of the offer itself";
        if let Some((description, _)) = self.settle(Field::Description, &candidates, best, why, key) {
            without_label(&description).clone_into(&mut self.merged.listing.description);
        }
    }

    pub(super) fn text_and_attributes(&mut self) {
        let mut origin = None;
        let selected = self.findings.selected.into_iter().chain(self.findings.adapted);
        for record in selected.chain(self.own.iter().copied()) {
            for (name, value) in &record.attributes {
                if !self.merged.listing.attributes.contains_key(name) {
                    origin.get_or_insert(record.origin);
                    self.merged.listing.attributes.insert(name.clone(), value.clone());
                }
            }
        }
        // Prices and descriptions have fields of their own.
        let other = [&words::PRICE_LABELS, &words::OLD_PRICE_LABELS, &words::DESCRIPTION_LABELS];
        for pair in self.findings.labels.iter().filter(|pair| !other.iter().any(|words| words.has(&pair.key)))
        {
            let attributes = &mut self.merged.listing.attributes;
            if attributes.len() < record::ATTRIBUTES_MAX && !attributes.contains_key(&pair.label) {
                origin.get_or_insert(Origin::Text);
                attributes.insert(pair.label.clone(), pair.value.clone());
            }
        }
        if let Some(origin) = origin {
            self.merged.listing.provenance.insert("attributes".to_owned(), origin.name().to_owned());
        }
        let own_text = format!("{}. {}", self.merged.listing.title, self.merged.listing.description);
        let head = self.findings.head;
        let of_address = self.findings.page_url.and_then(language::of_address);
        let declared = head.language.as_deref().or(of_address.as_deref()).or(head.locale.as_deref());
        let selected = self.candidates(Field::Language).into_iter().find(|c| c.origin == Origin::Select);
        self.merged.listing.language =
            selected.map(|c| c.value).or_else(|| language::detect(&own_text, self.findings.around, declared));
        if self.merged.listing.language.is_some() {
            self.merged.listing.provenance.insert("language".to_owned(), "text".to_owned());
        }
    }

    pub(super) fn seller(&mut self) {
        let part = |field: Field| self.candidates(field).into_iter().next();
        let labelled = || self.labelled(&words::SELLER_LABELS, 1.0).into_iter().find(|c| is_party(&c.value));
        let name = part(Field::SellerName).or_else(labelled);
        let (url, id) = (part(Field::SellerUrl), part(Field::SellerId));
        if let Some(any) = name.as_ref().or(url.as_ref()).or(id.as_ref()) {
            self.merged.listing.provenance.insert("seller".to_owned(), any.origin.name().to_owned());
            self.merged.listing.seller = Some(Seller {
                name: name.map(|c| text::line(&c.value)),
                url: url.and_then(|c| resolve(&c.value, self.findings.head.base.as_ref())),
                id: id.map(|c| c.value),
            });
        }
    }
}
