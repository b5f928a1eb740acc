//! The shop's own search: which addresses ask for which words, and how far results are turned over.
//!
//! A search is a page like any other: robots.txt, the gate and the budget bind it. It is exempt from allow patterns,
//! because the source names it, and from traps, because a search that finds nothing is no trap.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::source::Search;

/// Pages of one search that are turned over, as long as each shows an offer that was not known. Shops order by
/// relevance; what stands behind two hundred results hardly fits the words.
const MAX_RESULT_PAGES: usize = 10;
/// First pages of searches take at most this part of a run's budget of pages, so that the rest is left for what they
/// find.
const BUDGET_PART: usize = 2;

/// Everything that a source searches for.
#[derive(Debug, Default)]
pub(super) struct Searches {
    /// Address → the next page of the same results, if there is one.
    next: BTreeMap<String, Option<String>>,
    first: Vec<Url>,
    /// Words that the budget left no room for.
    pub(super) left_out: usize,
}

impl Searches {
    /// The addresses that ask for `words`, lists resolved. Words that differ in case only are one.
    pub(super) fn new(search: &Search, words: &[String], max_pages: usize) -> Self {
        let mut seen = BTreeSet::new();
        let words: Vec<&str> = words
            .iter()
            .map(|word| word.trim())
            .filter(|word| !word.is_empty() && seen.insert(word.to_lowercase()))
            .collect();
        let room = (max_pages / BUDGET_PART).max(1);
        let mut searches = Self { left_out: words.len().saturating_sub(room), ..Self::default() };
        let pages = if search.url.contains("{page}") { MAX_RESULT_PAGES } else { 1 };
        for word in words.into_iter().take(room) {
            // The reader of source files has seen that the filled address parses.
            let all: Vec<Url> = (1..=pages).filter_map(|page| address(&search.url, word, page)).collect();
            for (n, url) in all.iter().enumerate() {
                searches.next.insert(url.to_string(), all.get(n + 1).map(Url::to_string));
            }
            searches.first.extend(all.into_iter().take(1));
        }
        searches
    }

    /// The first page of each search.
    pub(super) fn first(&self) -> &[Url] {
        &self.first
    }

    /// Every address that may be asked for.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.next.keys().map(String::as_str)
    }

    /// Whether the address is a search of the source.
    pub(super) fn asks(&self, url: &Url) -> bool {
        self.next.contains_key(url.as_str())
    }

    /// The next page of the results at `url`.
    pub(super) fn after(&self, url: &Url) -> Option<Url> {
        Url::parse(self.next.get(url.as_str())?.as_deref()?).ok()
    }
}

fn address(template: &str, word: &str, page: usize) -> Option<Url> {
    let plus: String = byte_serialize(word.as_bytes()).collect();
    // In a path a plus is a plus.
    let in_query =
        template.find('?').is_some_and(|mark| template.find("{query}").is_some_and(|at| at > mark));
    let word = if in_query { plus } else { plus.replace('+', "%20") };
    Url::parse(&template.replace("{page}", &page.to_string()).replace("{query}", &word)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searches(url: &str, words: &[&str], max_pages: usize) -> Searches {
        let search = Search { url: url.to_owned(), terms: Vec::new() };
        Searches::new(&search, &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), max_pages)
    }

    #[test]
    fn words_are_written_as_the_address_wants_them() {
        let cases = [
            (
                "https://s.example/search?q={query}&p={page}",
                "без рецепта & 5%",
                "q=%D0%B1%D0%B5%D0%B7+%D1%80%D0%B5%D1%86%D0%B5%D0%BF%D1%82%D0%B0+%26+5%25&p=1",
            ),
            ("https://s.example/s/{query}/", "hair dryer/x", "/s/hair%20dryer%2Fx/"),
            ("https://s.example/s?a={page}&q={query}", "{page}", "a=1&q=%7Bpage%7D"),
        ];
        for (template, word, end) in cases {
            let searches = searches(template, &[word], 100);
            assert!(searches.first()[0].as_str().ends_with(end), "{}", searches.first()[0]);
        }
    }

    #[test]
    fn results_are_turned_over_and_come_to_an_end() {
        let searches = searches("https://s.example/?q={query}&p={page}", &["botox", "Botox ", ""], 100);
        assert_eq!(searches.first().len(), 1);
        let mut url = searches.first()[0].clone();
        let mut pages = 1;
        while let Some(next) = searches.after(&url) {
            assert!(searches.asks(&next));
            (url, pages) = (next, pages + 1);
        }
        assert_eq!((pages, url.as_str()), (MAX_RESULT_PAGES, "https://s.example/?q=botox&p=10"));
        let other = Url::parse("https://s.example/?q=other&p=1").unwrap();
        assert!(!searches.asks(&other), "a link cannot make the crawler search");
    }

    #[test]
    fn the_budget_leaves_room_for_what_is_found() {
        let searches = searches("https://s.example/?q={query}", &["a", "b", "c", "d", "e"], 6);
        assert_eq!((searches.first().len(), searches.left_out), (3, 2));
        assert!(searches.after(&searches.first()[0]).is_none(), "no page, no turning");
    }
}
