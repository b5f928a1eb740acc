//! The condition language of `when`: text to [`Condition`], with every fault placed inside the text.
//!
//! ```text
//! or      = and { "or" and }
//! and     = not { "and" not }
//! not     = "not" not | primary
//! primary = "(" or ")" | NAME
//!         | ( NUMBER | "any" | "all" ) "of" "(" NAME { "," NAME } ")"
//!         | "near" "(" NAME "," NAME "," NUMBER ")"
//!         | "count" "(" NAME ")" COMPARISON NUMBER
//!         | "price_eur" COMPARISON NUMBER
//!         | ATTRIBUTE "in" "[" TEXT { "," TEXT } "]"  | ATTRIBUTE "==" TEXT
//!         | ( "has" | "missing" ) ATTRIBUTE
//! ```

mod lexer;
mod primary;
mod text;

use std::ops::Range;

use lexer::{Kind, Token};
pub use text::shown;

use super::model::Condition;
use crate::document::{Problem, code};

/// Levels of parentheses and `not`. Nobody reads more, and each costs stack here and in the matcher.
const MAX_DEPTH: usize = 64;
/// A condition of a hundred patterns is below 4 KB.
const MAX_BYTES: usize = 64 << 10;
/// Unknown names after which nothing more is said of a condition.
const MAX_UNKNOWN: usize = 20;

/// The names that a condition may use.
#[derive(Debug, Clone, Copy)]
pub struct Names<'n> {
    /// The rule's patterns; a condition names them by their place here.
    pub patterns: &'n [&'n str],
    /// The rule's exceptions, which a condition may not name.
    pub exceptions: &'n [&'n str],
}

/// A condition that was read.
#[derive(Debug)]
pub struct Parsed {
    /// What it means.
    pub condition: Condition,
    /// The branches of every `or`, with their byte ranges in the text.
    pub branches: Vec<(Range<usize>, Condition)>,
    /// Faults that do not keep it from meaning something.
    pub warnings: Vec<Problem>,
}

/// Reads a condition. Byte ranges of problems count from the start of `text`.
pub fn parse(text: &str, names: Names<'_>) -> Result<Parsed, Vec<Problem>> {
    if text.len() > MAX_BYTES {
        let message = format!("a condition has at most {} KB", MAX_BYTES >> 10);
        return Err(vec![Problem::error(code::CONDITION_TOO_LARGE, 0..text.len(), message)]);
    }
    let tokens = lexer::tokens(text).map_err(|problem| vec![problem])?;
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        depth: 0,
        names,
        problems: Vec::new(),
        warnings: Vec::new(),
        branches: Vec::new(),
    };
    let condition = parser.whole();
    match condition {
        Ok(condition) if parser.problems.is_empty() => {
            Ok(Parsed { condition, branches: parser.branches, warnings: parser.warnings })
        }
        _ => Err(parser.problems),
    }
}

/// The problem has been noted; reading stops here.
struct Stop;

type Step<T> = Result<T, Stop>;

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    at: usize,
    depth: usize,
    names: Names<'t>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    branches: Vec<(Range<usize>, Condition)>,
}

impl<'t> Parser<'t> {
    fn whole(&mut self) -> Step<Condition> {
        if self.peek().kind == Kind::End {
            let problem =
                Problem::error(code::CONDITION_SYNTAX, 0..self.text.len(), "the condition is empty")
                    .help("write the name of a pattern");
            return Err(self.stop(problem));
        }
        let condition = self.or()?;
        let token = self.peek();
        match token.kind {
            Kind::End => Ok(condition),
            Kind::Symbol("&&") => Err(self.fail(&token, "`&&` is written `and`", None)),
            Kind::Symbol("||") => Err(self.fail(&token, "`||` is written `or`", None)),
            Kind::Symbol(")") => Err(self.fail(&token, "this parenthesis closes nothing", None)),
            Kind::Symbol(",") if self.is_in_number() => {
                let number = self.number_with_point();
                Err(self.fail(&token, "a number has a point, not a comma", Some(format!("write `{number}`"))))
            }
            Kind::Symbol(",") => {
                let help = "a set needs a number before it: `any of (a, b)`, `2 of (a, b, c)`";
                Err(self.fail(&token, "a comma stands only inside a set", Some(help.to_owned())))
            }
            Kind::Word("of") => {
                let help = "write `any of (…)`, `all of (…)` or a number: `2 of (…)`";
                Err(self.fail(&token, "`of` needs to know how many", Some(help.to_owned())))
            }
            _ => {
                let help = "join two conditions with `and` or `or`";
                Err(self.fail(&token, "the condition was complete before this", Some(help.to_owned())))
            }
        }
    }

    fn or(&mut self) -> Step<Condition> {
        let mut start = self.peek().span.start;
        let mut parts = vec![self.and()?];
        let mut spans = Vec::new();
        spans.push(start..self.end());
        while self.take_word("or") {
            start = self.peek().span.start;
            parts.push(self.and()?);
            spans.push(start..self.end());
        }
        if parts.len() == 1 {
            return parts.pop().ok_or(Stop);
        }
        self.branches.extend(spans.into_iter().zip(parts.iter().cloned()));
        Ok(Condition::Or(parts))
    }

    /// Whether digits stand on both sides of the next token.
    fn is_in_number(&self) -> bool {
        let beside = |at: Option<usize>| at.and_then(|at| self.tokens.get(at));
        matches!(beside(self.at.checked_sub(1)), Some(Token { kind: Kind::Number(_), .. }))
            && matches!(beside(self.at.checked_add(1)), Some(Token { kind: Kind::Number(_), .. }))
    }

    fn number_with_point(&self) -> String {
        let part = |at: Option<usize>| match at.and_then(|at| self.tokens.get(at)) {
            Some(Token { kind: Kind::Number(digits), .. }) => *digits,
            _ => "",
        };
        format!("{}.{}", part(self.at.checked_sub(1)), part(self.at.checked_add(1)))
    }

    fn and(&mut self) -> Step<Condition> {
        let mut parts = vec![self.not()?];
        while self.take_word("and") {
            parts.push(self.not()?);
        }
        if parts.len() == 1 { parts.pop().ok_or(Stop) } else { Ok(Condition::And(parts)) }
    }

    fn not(&mut self) -> Step<Condition> {
        let token = self.peek();
        if !self.take_word("not") {
            return self.primary();
        }
        self.deeper(&token)?;
        let inner = self.not()?;
        self.depth -= 1;
        Ok(Condition::Not(Box::new(inner)))
    }

    fn parenthesised(&mut self, open: &Token<'t>) -> Step<Condition> {
        self.deeper(open)?;
        let inner = self.or()?;
        let token = self.peek();
        if token.kind == Kind::Symbol(",") && self.is_in_number() {
            let help = format!("write `{}`", self.number_with_point());
            return Err(self.fail(&token, "a number has a point, not a comma", Some(help)));
        }
        if !self.take_symbol(")") {
            let problem = if token.kind == Kind::End {
                Problem::error(code::CONDITION_SYNTAX, open.span.clone(), "this parenthesis is never closed")
                    .help("write `)` where the group ends")
            } else {
                let shown = self.shown(&token);
                Problem::error(code::CONDITION_SYNTAX, token.span, format!("{shown} cannot stand here"))
                    .label("expected `and`, `or` or `)`")
            };
            return Err(self.stop(problem));
        }
        self.depth -= 1;
        Ok(inner)
    }

    fn deeper(&mut self, token: &Token<'t>) -> Step<()> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let message = format!("more than {MAX_DEPTH} levels of parentheses and `not`");
        let problem = Problem::error(code::CONDITION_TOO_LARGE, token.span.clone(), message)
            .help("remove parentheses that change nothing, or split the rule in two");
        Err(self.stop(problem))
    }

    fn peek(&self) -> Token<'t> {
        let end = Token { kind: Kind::End, span: self.text.len()..self.text.len() };
        self.tokens.get(self.at).cloned().unwrap_or(end)
    }

    fn next(&mut self) -> Token<'t> {
        let token = self.peek();
        self.at += 1;
        token
    }

    /// Where the last token taken ends.
    fn end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.span.end)
    }

    /// Where the token before the next one begins: the comma before a name.
    fn comma_before(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.span.start)
    }

    /// Takes the word; one in capitals is taken too, and noted.
    fn take_word(&mut self, word: &str) -> bool {
        let token = self.peek();
        let Kind::Word(text) = token.kind else { return false };
        if text != word {
            if !text.eq_ignore_ascii_case(word) || self.names.patterns.contains(&text) {
                return false;
            }
            let problem = Problem::error(
                code::CONDITION_SYNTAX,
                token.span,
                format!("`{text}` is written in small letters"),
            )
            .help(format!("write `{word}`"));
            self.problems.push(problem);
        }
        self.at += 1;
        true
    }

    fn take_symbol(&mut self, symbol: &'static str) -> bool {
        let found = self.peek().kind == Kind::Symbol(symbol);
        self.at += usize::from(found);
        found
    }

    fn expect_symbol(&mut self, symbol: &'static str, example: &str) -> Step<()> {
        let token = self.peek();
        if self.take_symbol(symbol) {
            return Ok(());
        }
        Err(self.fail(&token, &format!("expected `{symbol}` here"), Some(format!("as in `{example}`"))))
    }

    fn fail(&mut self, token: &Token<'t>, message: &str, help: Option<String>) -> Stop {
        let problem =
            Problem::error(code::CONDITION_SYNTAX, token.span.clone(), message.to_owned()).maybe_help(help);
        self.stop(problem)
    }

    fn stop(&mut self, problem: Problem) -> Stop {
        self.problems.push(problem);
        Stop
    }

    fn shown(&self, token: &Token<'t>) -> String {
        match &token.kind {
            Kind::End => "the end of the condition".to_owned(),
            _ => format!("`{}`", self.text.get(token.span.clone()).unwrap_or_default()),
        }
    }
}
