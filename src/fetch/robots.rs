//! robots.txt by RFC 9309: a forgiving parser and a matcher in linear time. Pure.

mod pattern;

use std::collections::BTreeMap;

use url::Url;

use pattern::normalised_target;

pub use pattern::PathPattern;

/// Bytes that are read of a robots.txt; RFC 9309, 2.5 asks for at least 500 kibibytes. The rest is passed over.
pub const MAX_BYTES: usize = 500 << 10;
/// Sitemaps kept of one file; sites that have more use an index.
const MAX_SITEMAPS: usize = 1000;

/// A parsed robots.txt. The default is the empty one, which allows everything.
#[derive(Debug, Clone, Default)]
pub struct Robots {
    groups: Vec<Group>,
    /// Lower-case product token, or `*` → the groups that name it, in order. Rules stand once, in their group: a file that
    /// names thousands of agents before thousands of rules costs no more than its size.
    agents: BTreeMap<String, Vec<usize>>,
    sitemaps: Vec<String>,
}

/// What robots.txt says about one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// May it be fetched?
    pub allowed: bool,
    /// The deciding line, counted from 1; `None` when no rule applies.
    pub line: Option<usize>,
    /// The deciding rule, such as `disallow: /cart`.
    pub rule: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct Group {
    rules: Vec<Rule>,
    delay: Option<f64>,
}

#[derive(Debug, Clone)]
struct Rule {
    allow: bool,
    line: usize,
    pattern: PathPattern,
    written: String,
}

impl Robots {
    /// Reads a robots.txt, at most its first [`MAX_BYTES`]. Never fails: what is no rule is passed over.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut reader = Reader::default();
        for (line, text) in lines(without_bom(whole_lines(bytes))) {
            if let Some((key, value)) = key_and_value(text) {
                reader.read(line, key, value);
            }
        }
        reader.robots
    }

    /// May `agent` (a product token) fetch `target` (path and query, percent-encoded, see [`target`])? The longest
    /// matching rule wins, allow before disallow where two are equally long (RFC 9309, 2.2.2). Time is linear in the
    /// size of the file plus the number of its rules times the length of the target.
    pub fn decide(&self, agent: &str, target: &str) -> Decision {
        let target = normalised_target(target.as_bytes());
        let mut best: Option<&Rule> = None;
        for rule in self.groups_of(agent).flat_map(|group| &group.rules) {
            let better = best
                .is_none_or(|best| (rule.pattern.octets(), rule.allow) > (best.pattern.octets(), best.allow));
            if better && rule.pattern.matches_normalised(&target) {
                best = Some(rule);
            }
        }
        match best {
            None => Decision { allowed: true, line: None, rule: None },
            Some(rule) => Decision {
                allowed: rule.allow,
                line: Some(rule.line),
                rule: Some(format!("{}: {}", if rule.allow { "allow" } else { "disallow" }, rule.written)),
            },
        }
    }

    /// The seconds that `agent` is asked to leave between requests: not negative, perhaps infinite. The longest one
    /// counts where several are given.
    pub fn crawl_delay(&self, agent: &str) -> Option<f64> {
        self.groups_of(agent).filter_map(|group| group.delay).reduce(f64::max)
    }

    /// The sitemaps that the file names, in order, as written.
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }

    /// The groups that name the agent, else those for everyone.
    fn groups_of(&self, agent: &str) -> impl Iterator<Item = &Group> {
        let named = self.agents.get(&agent.to_ascii_lowercase()).or_else(|| self.agents.get("*"));
        named.into_iter().flatten().filter_map(|index| self.groups.get(*index))
    }
}

/// The part of a URL that robots.txt rules are about: path and query.
pub fn target(url: &Url) -> String {
    let mut target = url.path().to_owned();
    if let Some(query) = url.query() {
        target.push('?');
        target.push_str(query);
    }
    target
}

/// The path and query of a URL in text form, with no character changed. RFC 9309, 2.2.2 compares percent-encoded URLs,
/// and encoding them is the caller's part: a text that was not encoded is not the URL that a rule means.
pub fn target_as_written(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.find(['/', '?']).and_then(|start| rest.get(start..)) {
        None => "/".to_owned(),
        Some(target) if target.starts_with('?') => format!("/{target}"),
        Some(target) => target.to_owned(),
    }
}

/// Does an `X-Robots-Tag` value ask `agent` not to follow the page's links? A value may begin with the token of the
/// crawler it is for; without one it is for everyone.
pub fn forbids_links(value: &str, agent: &str) -> bool {
    let mut applies = true;
    value.split(',').any(|part| {
        let directive = match part.split_once(':') {
            // `unavailable_after: DATE` and `max-snippet: 20` are directives with a value, not crawlers.
            Some((name, _)) if name.contains(['_', '-']) && !name.trim().eq_ignore_ascii_case(agent) => {
                return false;
            }
            Some((name, directive)) => {
                applies = name.trim().eq_ignore_ascii_case(agent);
                directive
            }
            None => part,
        };
        applies && matches!(directive.trim().to_ascii_lowercase().as_str(), "nofollow" | "none")
    })
}

/// The state of reading.
#[derive(Default)]
struct Reader {
    robots: Robots,
    /// True after the first rule of a group: the next user-agent line starts another.
    has_rules: bool,
}

impl Reader {
    fn read(&mut self, line: usize, key: Key, value: &[u8]) {
        match key {
            Key::UserAgent => {
                if std::mem::take(&mut self.has_rules) || self.robots.groups.is_empty() {
                    self.robots.groups.push(Group::default());
                }
                let index = self.robots.groups.len() - 1;
                if let Some(token) = product_token(value) {
                    let groups = self.robots.agents.entry(token).or_default();
                    if groups.last() != Some(&index) {
                        groups.push(index);
                    }
                }
            }
            Key::Allow | Key::Disallow => {
                self.has_rules = true;
                self.add_rule(line, key == Key::Allow, value);
            }
            Key::CrawlDelay => {
                if let (Some(delay), Some(group)) = (seconds(value), self.robots.groups.last_mut()) {
                    group.delay = Some(group.delay.map_or(delay, |known| known.max(delay)));
                }
            }
            Key::Sitemap => {
                if self.robots.sitemaps.len() < MAX_SITEMAPS && !value.is_empty() {
                    self.robots.sitemaps.push(String::from_utf8_lossy(value).into_owned());
                }
            }
        }
    }

    fn add_rule(&mut self, line: usize, allow: bool, value: &[u8]) {
        let Some(group) = self.robots.groups.last_mut() else { return };
        if value.is_empty() {
            return;
        }
        let written: String = String::from_utf8_lossy(value).chars().take(200).collect();
        // A folder's index page is the folder: who allows the one allows the other.
        if let (true, Some(end)) = (allow, index_page(value))
            && let Some(folder) = value.get(..end)
        {
            let pattern = PathPattern::new(&[folder, b"$"].concat());
            group.rules.push(Rule { allow, line, pattern, written: written.clone() });
        }
        group.rules.push(Rule { allow, line, pattern: PathPattern::new(value), written });
    }
}

/// Where the folder ends in a pattern for its index page.
fn index_page(pattern: &[u8]) -> Option<usize> {
    let folder = pattern.strip_suffix(b"index.html").or_else(|| pattern.strip_suffix(b"index.htm"))?;
    folder.ends_with(b"/").then_some(folder.len())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    UserAgent,
    Allow,
    Disallow,
    CrawlDelay,
    Sitemap,
}

/// One line's key and value. The colon may be missing where exactly two words stand: its author's wish is plain.
fn key_and_value(line: &[u8]) -> Option<(Key, &[u8])> {
    let line = line.split(|byte| *byte == b'#').next().unwrap_or_default().trim_ascii();
    let (key, value) = if let Some(colon) = line.iter().position(|byte| *byte == b':') {
        line.split_at_checked(colon).map(|(key, rest)| (key, rest.get(1..).unwrap_or_default()))?
    } else {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let pair = words.next().zip(words.next())?;
        if words.next().is_some() {
            return None;
        }
        pair
    };
    let key = key.trim_ascii().to_ascii_lowercase();
    let key = match key.as_slice() {
        b"user-agent" | b"useragent" | b"user agent" => Key::UserAgent,
        b"allow" => Key::Allow,
        // Misspellings that stand in many files; what their authors meant is not in doubt.
        b"disallow" | b"dissallow" | b"dissalow" | b"disalow" | b"diasllow" | b"disallaw" => Key::Disallow,
        b"crawl-delay" | b"crawldelay" | b"crawl delay" => Key::CrawlDelay,
        b"sitemap" | b"site-map" => Key::Sitemap,
        _ => return None,
    };
    Some((key, value.trim_ascii()))
}

/// The product token at the head of a user-agent value, lower case; `*` for everyone.
fn product_token(value: &[u8]) -> Option<String> {
    if let Some(rest) = value.strip_prefix(b"*") {
        return rest.first().is_none_or(u8::is_ascii_whitespace).then(|| "*".to_owned());
    }
    let token: String = value
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_'))
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    (!token.is_empty()).then_some(token)
}

/// A crawl delay: a number that is not negative, infinity included.
fn seconds(value: &[u8]) -> Option<f64> {
    let word = value.split(u8::is_ascii_whitespace).next()?;
    let seconds: f64 = std::str::from_utf8(word).ok()?.replace(',', ".").parse().ok()?;
    (seconds >= 0.0).then_some(seconds)
}

/// The lines that end within [`MAX_BYTES`]. Half a rule would be another one.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    match bytes.get(..MAX_BYTES) {
        Some(head) if head.len() < bytes.len() => {
            let end = memchr::memrchr2(b'\r', b'\n', head).unwrap_or(0);
            head.get(..end).unwrap_or_default()
        }
        _ => bytes,
    }
}

fn without_bom(bytes: &[u8]) -> &[u8] {
    // Files exist that lost a part of the mark on the way.
    let mark = [0xef, 0xbb, 0xbf];
    let length = bytes.iter().zip(mark).take_while(|(byte, mark)| **byte == *mark).count();
    bytes.get(length..).unwrap_or_default()
}

/// The lines with their numbers, counted from 1; CR, LF and CRLF end one.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut rest = Some(bytes);
    let mut number = 0;
    std::iter::from_fn(move || {
        let text = rest?;
        number += 1;
        let end = memchr::memchr2(b'\r', b'\n', text);
        let (line, tail) = match end.and_then(|end| text.split_at_checked(end)) {
            None => (text, None),
            Some((line, tail)) => (line, tail.strip_prefix(b"\r\n").or_else(|| tail.get(1..))),
        };
        rest = tail;
        Some((number, line))
    })
}

#[cfg(test)]
mod tests;
