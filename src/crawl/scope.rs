//! Which addresses belong to a source: its sites, its allow and deny patterns, its depth.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;

use url::Url;

use crate::fetch::robots::PathPattern;
use crate::fetch::{self, Manners, gate_key};
use crate::source::Source;

/// The addresses that a source may fetch.
#[derive(Debug, Clone)]
pub struct Scope {
    gates: BTreeSet<String>,
    start: BTreeSet<String>,
    loopback: Vec<SocketAddr>,
    allow: Vec<(String, PathPattern)>,
    deny: Vec<(String, PathPattern)>,
    max_depth: u32,
}

/// Why an address is not fetched, before anybody was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutOfScope {
    /// Not an address that is ever fetched.
    Unusable(String),
    /// On a site that no start page is on.
    OtherSite,
    /// A deny pattern of the source fits at least as closely as any allow pattern.
    Denied(String),
    /// There are allow patterns and none fits.
    NotAllowed,
    /// Too many links away from the start pages.
    TooDeep,
}

impl OutOfScope {
    /// A short fixed word for counting.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unusable(_) => "unusable",
            Self::OtherSite => "other-site",
            Self::Denied(_) => "denied",
            Self::NotAllowed => "not-allowed",
            Self::TooDeep => "too-deep",
        }
    }
}

impl fmt::Display for OutOfScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(why) => write!(f, "not an address that is fetched: {why}"),
            Self::OtherSite => write!(f, "on another site than the start pages"),
            Self::Denied(pattern) => write!(f, "the source denies {pattern}"),
            Self::NotAllowed => write!(f, "no allow pattern of the source fits"),
            Self::TooDeep => write!(f, "more links away from the start pages than max_depth"),
        }
    }
}

impl Scope {
    /// The scope of a source.
    pub fn of(source: &Source) -> Self {
        let patterns = |texts: &[String]| {
            texts.iter().map(|text| (text.clone(), PathPattern::parse(text))).collect::<Vec<_>>()
        };
        Self {
            gates: source.start.iter().map(gate_key).collect(),
            start: source.start.iter().map(Url::to_string).collect(),
            loopback: Manners::of(source).loopback,
            allow: patterns(&source.allow),
            deny: patterns(&source.deny),
            max_depth: u32::try_from(source.limits.max_depth).unwrap_or(u32::MAX),
        }
    }

    /// Lets addresses through that the source asks for by itself, whatever its patterns say, and the sites they are on.
    pub(super) fn exempt<'a>(&mut self, addresses: impl Iterator<Item = &'a str>) {
        for address in addresses {
            self.gates.extend(Url::parse(address).ok().map(|url| gate_key(&url)));
            self.start.insert(address.to_owned());
        }
    }

    /// Whether an address `depth` links away from a start page may be fetched.
    pub fn check(&self, url: &Url, depth: u32) -> Result<(), OutOfScope> {
        fetch::check_url(url, &self.loopback).map_err(|error| OutOfScope::Unusable(error.to_string()))?;
        if !self.gates.contains(&gate_key(url)) {
            return Err(OutOfScope::OtherSite);
        }
        if self.start.contains(url.as_str()) {
            return Ok(());
        }
        if depth > self.max_depth {
            return Err(OutOfScope::TooDeep);
        }
        let target = fetch::robots::target(url);
        let closest = |patterns: &[(String, PathPattern)]| {
            let fits =
                patterns.iter().filter_map(|(text, pattern)| Some((pattern.matches(&target)?, text.clone())));
            fits.max_by_key(|(length, _)| *length)
        };
        match (closest(&self.allow), closest(&self.deny)) {
            (Some((allowed, _)), Some((denied, text))) if denied >= allowed => Err(OutOfScope::Denied(text)),
            (None, Some((_, text))) => Err(OutOfScope::Denied(text)),
            (None, None) if !self.allow.is_empty() => Err(OutOfScope::NotAllowed),
            _ => Ok(()),
        }
    }

    /// Whether a redirect may be followed there. Allow patterns do not bind it: shops send `/` to `/de/`.
    pub fn may_redirect(&self, url: &Url) -> bool {
        !matches!(
            self.check(url, 0),
            Err(OutOfScope::OtherSite | OutOfScope::Denied(_) | OutOfScope::Unusable(_))
        )
    }

    /// Whether an address is on one of the source's sites.
    pub fn is_on_site(&self, url: &Url) -> bool {
        self.gates.contains(&gate_key(url))
    }
}
