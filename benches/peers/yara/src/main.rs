//! YARA-X over the texts and patterns of one cell: prints MB/s of processor time.

#[path = "../../src/measure.rs"]
mod measure;

use std::fmt::Write as _;

fn main() {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().expect("TEXTS PATTERNS KIND");
    let (texts, patterns, kind) = (measure::lines(&next()), measure::lines(&next()), next());
    let mut source = String::new();
    for (number, chunk) in patterns.chunks(if kind == "regexes" { 1 } else { 10 }).enumerate() {
        let _ = writeln!(source, "rule r{number} {{ strings:");
        for (name, pattern) in chunk.iter().enumerate() {
            let _ = match kind.as_str() {
                "words" => writeln!(source, "$p{name} = \"{pattern}\" fullword"),
                "substrings" => writeln!(source, "$p{name} = \"{pattern}\""),
                _ => writeln!(source, "$p{name} = /{pattern}/"),
            };
        }
        source.push_str("condition: any of them }\n");
    }
    let mut compiler = yara_x::Compiler::new();
    compiler.add_source(source.as_str()).expect("rules that YARA-X takes");
    let rules = compiler.build();
    let mut scanner = yara_x::Scanner::new(&rules);
    measure::report(&texts, |text| {
        let found = scanner.scan(text.as_bytes()).expect("a scan");
        found.matching_rules().flat_map(|rule| rule.patterns().map(|p| p.matches().len()).collect::<Vec<_>>()).sum()
    });
}
