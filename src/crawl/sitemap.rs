//! Addresses out of sitemaps (sitemaps.org 0.9, index and plain text) and feeds (RSS, Atom).
//!
//! Reads what is there: unknown or wrong namespaces, byte order marks and broken ends lose nothing that came before.

use quick_xml::Reader;
use quick_xml::events::Event;
use url::Url;

/// The protocol allows 50,000 addresses a sitemap; what is beyond is not read.
pub const MAX_ADDRESSES: usize = 50_000;

/// What a sitemap or feed lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sitemap {
    /// Pages.
    pub pages: Vec<Url>,
    /// Other sitemaps.
    pub sitemaps: Vec<Url>,
}

/// Reads a sitemap or feed; `None` when the bytes are neither. `base` resolves relative addresses.
pub fn read(bytes: &[u8], base: &Url) -> Option<Sitemap> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let start = String::from_utf8_lossy(start).to_ascii_lowercase();
    let start = start.trim_start();
    let roots = ["<urlset", "<sitemapindex", "<rss", "<feed", "<rdf:rdf", ":urlset", ":sitemapindex"];
    if start.starts_with('<') {
        let html = start.contains("<html") || start.contains("<!doctype html");
        return (!html && roots.iter().any(|root| start.contains(root))).then(|| xml(bytes, base));
    }
    plain_text(bytes)
}

/// A text sitemap holds one absolute address a line and nothing else.
fn plain_text(bytes: &[u8]) -> Option<Sitemap> {
    let text = std::str::from_utf8(bytes).ok()?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut pages = Vec::new();
    for line in lines.take(MAX_ADDRESSES) {
        let url = Url::parse(line).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        pages.push(url);
    }
    (!pages.is_empty()).then_some(Sitemap { pages, sitemaps: Vec::new() })
}

fn xml(bytes: &[u8], base: &Url) -> Sitemap {
    let mut found = Sitemap::default();
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut in_index = false;
    let mut in_item = false;
    let mut address: Option<String> = None;
    while found.pages.len() + found.sitemaps.len() < MAX_ADDRESSES {
        match reader.read_event() {
            Ok(Event::Start(tag)) => match tag.local_name().as_ref() {
                "sitemapindex" => in_index = true,
                "item" | "entry" => in_item = true,
                "loc" => address = Some(String::new()),
                "link" if in_item && !add_href(&tag, &mut found, base) => address = Some(String::new()),
                _ => {}
            },
            Ok(Event::Empty(tag)) => {
                if in_item && tag.local_name().as_ref() == "link" {
                    add_href(&tag, &mut found, base);
                }
            }
            Ok(Event::Text(text)) => {
                if let Some(address) = &mut address {
                    address.push_str(text.as_ref());
                }
            }
            Ok(Event::CData(text)) => {
                if let Some(address) = &mut address {
                    address.push_str(text.as_ref());
                }
            }
            Ok(Event::GeneralRef(name)) => {
                if let Some(address) = &mut address {
                    if let Ok(Some(letter)) = name.resolve_char_ref() {
                        address.push(letter);
                    }
                    address.push_str(match name.as_ref() {
                        "amp" => "&",
                        "quot" => "\"",
                        "apos" => "'",
                        _ => "",
                    });
                }
            }
            Ok(Event::End(tag)) => match tag.local_name().as_ref() {
                "loc" | "link" => {
                    if let Some(address) = address.take() {
                        add(&address, in_index, &mut found, base);
                    }
                }
                "item" | "entry" => in_item = false,
                _ => {}
            },
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    found
}

fn add_href(tag: &quick_xml::events::BytesStart<'_>, found: &mut Sitemap, base: &Url) -> bool {
    let Ok(Some(href)) = tag.try_get_attribute("href") else { return false };
    let wanted = match tag.try_get_attribute("rel") {
        Ok(Some(rel)) => rel.value.as_ref() == "alternate",
        _ => true,
    };
    if wanted {
        add(&href.value.replace("&amp;", "&"), false, found, base);
    }
    true
}

fn add(address: &str, to_sitemaps: bool, found: &mut Sitemap, base: &Url) {
    let Ok(url) = base.join(address.trim()) else { return };
    if address.trim().is_empty() || !matches!(url.scheme(), "http" | "https") {
        return;
    }
    if to_sitemaps { &mut found.sitemaps } else { &mut found.pages }.push(url);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://shop.example/sitemap.xml").unwrap()
    }

    fn pages(text: &str) -> Vec<String> {
        read(text.as_bytes(), &base()).unwrap().pages.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_format_gives_its_addresses() {
        let one = vec!["https://shop.example/p?a=1&b=2".to_owned()];
        let same = [
            "<urlset><url><loc>https://shop.example/p?a=1&amp;b=2</loc></url></urlset>",
            "\u{feff}<?xml version='1.0'?><s:urlset xmlns:s='wrong'><s:url><s:loc>\n /p?a=1&amp;b=2 </s:loc></s:url></s:urlset>",
            "<urlset><url><loc>https://shop.example/p?a=1&#38;b=&#x32;</loc></url></urlset>",
            "<urlset><url><loc><![CDATA[https://shop.example/p?a=1&b=2]]></loc></url><url><loc>https://cut",
            "<rss><channel><link>https://shop.example/</link><item><link>https://shop.example/p?a=1&amp;b=2</link></item></channel></rss>",
            "<feed><link href='https://shop.example/'/><entry><link href='/p?a=1&amp;b=2'/><link rel='edit' href='/no'/></entry></feed>",
            "https://shop.example/p?a=1&b=2\n",
        ];
        for text in same {
            assert_eq!(pages(text), one, "{text}");
        }
    }

    #[test]
    fn an_index_leads_to_sitemaps() {
        let text = "<sitemapindex><sitemap><loc>/a.xml</loc></sitemap></sitemapindex>";
        let found = read(text.as_bytes(), &base()).unwrap();
        assert_eq!(found.sitemaps, [Url::parse("https://shop.example/a.xml").unwrap()]);
        assert!(found.pages.is_empty());
    }

    #[test]
    fn other_things_are_no_sitemap() {
        for text in ["", "<!doctype html><html><body><a href=x>", "hello\nworld", "{}", "<svg/>", "\0\0"] {
            assert_eq!(read(text.as_bytes(), &base()), None, "{text:?}");
        }
    }

    #[test]
    fn entities_are_not_expanded() {
        let text = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><urlset><url><loc>/p&b;</loc></url></urlset>";
        assert_eq!(pages(text), ["https://shop.example/p"]);
    }
}
