//! What the page says of itself outside its body: `<title>`, `<base>`, `<link>`, `<meta>`, Open Graph, language.

use url::{Position, Url};

use super::outline::{Id, Outline, Tag, collapse};
use super::record::{Field, Origin, Record};
use super::text;

/// Meta and link elements read; real pages have some 200.
const HEAD_ELEMENTS_MAX: usize = 3000;

#[derive(Debug)]
pub(super) struct Head {
    pub(super) title: String,
    /// What relative addresses are resolved against.
    pub(super) base: Option<Url>,
    pub(super) canonical: Option<String>,
    /// `<link rel="next">`.
    pub(super) next: Option<String>,
    pub(super) nofollow: bool,
    /// `<html lang>`, else what meta tags declare.
    pub(super) language: Option<String>,
    /// `og:locale` or `content-language`.
    pub(super) locale: Option<String>,
    pub(super) og_type: String,
    pub(super) og_title: String,
    pub(super) site_name: String,
    /// `product:*` or `og:price:*` is there.
    pub(super) product_meta: bool,
    pub(super) open_graph: Record,
    pub(super) meta: Record,
    /// `<meta http-equiv="refresh">` with an address.
    pub(super) refresh: bool,
}

/// Reads the head's facts wherever they stand (shops put meta tags into the body).
pub(super) fn read(outline: &Outline<'_>, page_url: Option<&Url>) -> Head {
    let mut head = Head {
        title: String::new(),
        base: page_url.cloned(),
        canonical: None,
        next: None,
        nofollow: false,
        language: None,
        locale: None,
        og_type: String::new(),
        og_title: String::new(),
        site_name: String::new(),
        product_meta: false,
        open_graph: Record::new(Origin::OpenGraph, "meta".to_owned()),
        meta: Record::new(Origin::Meta, "meta".to_owned()),
        refresh: false,
    };
    let mut left = HEAD_ELEMENTS_MAX;
    let (mut based, mut label) = (false, String::new());
    for id in outline.ids() {
        match outline.tag(id) {
            Tag::Html => head.language = head.language.or_else(|| declared(outline, id)),
            Tag::Body if head.language.is_none() => head.language = declared(outline, id),
            Tag::Title
                if head.title.is_empty() && !outline.ancestors(id).any(|a| outline.tag(a) == Tag::Svg) =>
            {
                head.title = outline.text(id);
            }
            Tag::Base if !based => {
                if let Some(href) = outline.attribute(id, "href") {
                    based = true;
                    let href = href.trim();
                    let joined = match page_url {
                        Some(url) => url.join(href).ok(),
                        None => Url::parse(href).ok(),
                    };
                    head.base = joined.filter(|url| matches!(url.scheme(), "http" | "https")).or(head.base);
                }
            }
            Tag::Link if left > 0 => {
                left -= 1;
                link(outline, id, &mut head);
            }
            Tag::Meta if left > 0 => {
                left -= 1;
                meta(outline, id, &mut head, &mut label);
            }
            _ => {}
        }
    }
    // A canonical address may stand before the base that it is resolved against.
    head.canonical = head.canonical.and_then(|href| resolve(&href, head.base.as_ref()));
    head.next = head.next.and_then(|href| resolve(&href, head.base.as_ref()));
    head
}

/// An absolute http or https address without fragment; where the page's own address is unknown, relative ones stay.
pub(super) fn resolve(href: &str, base: Option<&Url>) -> Option<String> {
    let href = href.trim();
    if href.is_empty() || href.starts_with('#') {
        return None;
    }
    if let Some(resolved) = base.and_then(|base| resolve_simple(href, base)) {
        return Some(resolved);
    }
    let parsed = match base {
        Some(base) => base.join(href).ok()?,
        None => match Url::parse(href) {
            Ok(url) => url,
            Err(url::ParseError::RelativeUrlWithoutBase) => {
                if href.starts_with("//") {
                    // A page of unknown origin: the scheme that every shop has today.
                    return resolve(&format!("https:{href}"), None);
                }
                let end = href.find('#').unwrap_or(href.len());
                return href.get(..end).filter(|rest| !rest.is_empty()).map(str::to_owned);
            }
            Err(_) => return None,
        },
    };
    if !matches!(parsed.scheme(), "http" | "https") {
        return None;
    }
    let mut parsed = parsed;
    parsed.set_fragment(None);
    Some(parsed.into())
}

/// The same for what most links are, a plain path on the page's own host: parsing does nothing to it but put the host
/// in front. `None` where the address has anything that parsing might change.
fn resolve_simple(href: &str, base: &Url) -> Option<String> {
    let origin = matches!(base.scheme(), "http" | "https").then(|| &base[..Position::BeforePath])?;
    let rest = href.strip_prefix(origin).unwrap_or(href);
    let rest = rest.get(..memchr::memchr(b'#', rest.as_bytes()).unwrap_or(rest.len()))?;
    if !rest.starts_with('/') || rest.starts_with("//") {
        return None;
    }
    let mut before = b'/';
    for byte in rest.bytes() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'/' | b'-' | b'_' | b'=' | b'&' | b'?' | b',' | b'+' | b':' | b'~' | b';')
            // `/.` may begin a dot segment, and so may `/%2e`.
            || (matches!(byte, b'.' | b'%') && before != b'/');
        if !plain {
            return None;
        }
        before = byte;
    }
    Some(format!("{origin}{rest}"))
}

fn declared(outline: &Outline<'_>, id: Id) -> Option<String> {
    let language = outline.attribute(id, "lang").or_else(|| outline.attribute(id, "xml:lang"))?;
    let language = language.trim();
    (!language.is_empty() && language.len() <= 35).then(|| language.to_owned())
}

fn link(outline: &Outline<'_>, id: Id, head: &mut Head) {
    let Some(href) = outline.attribute(id, "href") else { return };
    for relation in outline.raw_attribute(id, "rel").unwrap_or("").split_ascii_whitespace() {
        match relation.to_ascii_lowercase().as_str() {
            "canonical" if head.canonical.is_none() => head.canonical = Some(href.trim().to_owned()),
            "next" if head.next.is_none() => head.next = Some(href.trim().to_owned()),
            _ => {}
        }
    }
}

fn meta(outline: &Outline<'_>, id: Id, head: &mut Head, label: &mut String) {
    let content = outline.attribute(id, "content").unwrap_or_default();
    let content = content.trim();
    if content.is_empty() {
        return;
    }
    if let Some(pragma) = outline.raw_attribute(id, "http-equiv") {
        match pragma.trim().to_ascii_lowercase().as_str() {
            "refresh" => head.refresh = content.to_ascii_lowercase().contains("url"),
            "content-language" => head.locale = head.locale.take().or_else(|| Some(content.to_owned())),
            _ => {}
        }
    }
    for attribute in ["property", "name", "itemprop"] {
        let Some(names) = outline.raw_attribute(id, attribute) else { continue };
        if attribute == "itemprop" && !matches!(names.trim(), "inLanguage") {
            continue;
        }
        for name in names.split_ascii_whitespace() {
            named(&name.to_ascii_lowercase(), content, head, label);
        }
    }
}

fn named(name: &str, content: &str, head: &mut Head, label: &mut String) {
    let value = || text::line(content);
    let (field, open_graph) = match name {
        "robots" | "googlebot" => {
            let asked = content.to_ascii_lowercase();
            head.nofollow |= name == "robots" && (asked.contains("nofollow") || asked.contains("none"));
            return;
        }
        "og:type" => {
            head.og_type = content.to_ascii_lowercase();
            return;
        }
        "og:site_name" => {
            head.site_name = value();
            return;
        }
        "og:locale" | "language" | "inlanguage" => {
            head.locale = head.locale.take().or_else(|| Some(content.to_owned()));
            return;
        }
        "twitter:label1" | "twitter:label2" => {
            label.clear();
            label.push_str(content);
            return;
        }
        "og:title" => {
            if head.og_title.is_empty() {
                head.og_title = value();
            }
            (Field::Title, true)
        }
        "twitter:title" => (Field::Title, false),
        "og:description" => (Field::Description, true),
        "description" | "twitter:description" => (Field::Description, false),
        "og:image" | "og:image:url" | "og:image:secure_url" => (Field::Image, true),
        "twitter:image" | "twitter:image:src" => (Field::Image, false),
        "og:url" => (Field::Url, true),
        "product:price:amount"
        | "og:price:amount"
        | "product:price"
        | "og:product:price:amount"
        | "og:price" => (Field::Price, true),
        "product:sale_price:amount" | "og:sale_price:amount" | "product:sale_price" => {
            // A sale price is what is paid; the other one becomes the regular price.
            let known: Vec<String> =
                head.open_graph.all(Field::Price).map(|claim| claim.value.clone()).collect();
            head.open_graph.claims.retain(|claim| claim.field != Field::Price);
            head.open_graph.claim(Field::Price, content, name);
            for price in known {
                head.open_graph.claim(Field::Regular, price, "product:price:amount");
            }
            head.product_meta = true;
            return;
        }
        "product:original_price:amount" | "og:standard_price:amount" | "product:pretax_price:amount" => {
            (if name.contains("pretax") { return } else { Field::Regular }, true)
        }
        "product:price:currency"
        | "og:price:currency"
        | "product:original_price:currency"
        | "product:sale_price:currency"
        | "og:currency"
        | "product:currency" => (Field::Currency, true),
        "product:availability" | "og:availability" | "product:stock" => (Field::Availability, true),
        "product:brand" | "og:brand" | "product:manufacturer" => (Field::Brand, true),
        "brand" => (Field::Brand, false),
        "product:retailer_item_id"
        | "og:product_id"
        | "product:sku"
        | "product:product_id"
        | "og:upc:sku"
        | "product:id" => (Field::Sku, true),
        "product:mfr_part_no" | "product:mpn" | "product:retailer_part_no" => (Field::Mpn, true),
        "product:ean" | "product:gtin" | "product:upc" | "product:isbn" | "og:upc" | "og:ean" | "og:isbn"
        | "product:gtin13" => (Field::Gtin, true),
        "product:category" | "og:category" => (Field::Category, true),
        _ => return,
    };
    let record = if open_graph { &mut head.open_graph } else { &mut head.meta };
    let commercial = name.starts_with("product:") || name.contains("price");
    head.product_meta |= open_graph && commercial && !name.contains("retailer_category");
    let shown = match field {
        Field::Image | Field::Url => collapse(content),
        _ => value(),
    };
    // A second og:price:amount repeats the first or is of a variant.
    if !matches!(field, Field::Image | Field::Gtin) && record.has(field) && field != Field::Price {
        return;
    }
    record.claim(field, shown, name);
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(2000))]
        #[test]
        fn the_short_way_resolves_as_the_long_one(
            href in "(https://www.shop.example(:8443)?|http://a|/|/p/|)[a-c0-9/.%?&=#@:;,+~_! 'é\\\\-]{0,12}(/|/\\.|/%2e|%2E%2e/|é)?[a-c]{0,2}",
        ) {
            for base in ["https://www.shop.example/c/a?b=c", "https://u:p@www.shop.example:8443/x/", "http://a/"] {
                let base = Url::parse(base).unwrap();
                if let Some(short) = resolve_simple(&href, &base) {
                    let mut long = base.join(&href).unwrap();
                    long.set_fragment(None);
                    assert_eq!(short, long.as_str(), "{href} at {base}");
                }
            }
        }
    }

    #[test]
    fn plain_paths_take_the_short_way() {
        let base = Url::parse("https://shop.example/c/").unwrap();
        for (href, url) in [
            ("/p/1-a_b.html?x=1&y=%20#top", Some("https://shop.example/p/1-a_b.html?x=1&y=%20")),
            ("https://shop.example/p/1", Some("https://shop.example/p/1")),
            ("/a/../b", None),
            ("//other.example/", None),
            ("p/1", None),
        ] {
            assert_eq!(resolve_simple(href, &base).as_deref(), url, "{href}");
        }
    }
}
