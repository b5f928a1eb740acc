//! Diagnostics as other programs show them: annotations of GitHub Actions, and SARIF.

use serde_json::{Value, json};

use crate::document::{Diagnostic, Level, code};

/// A line that GitHub Actions shows beside the line of the file.
pub fn github(diagnostic: &Diagnostic) -> String {
    let value = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| value(text).replace(':', "%3A").replace(',', "%2C");
    let help = diagnostic.help.as_deref().map(|help| format!("\n{help}")).unwrap_or_default();
    format!(
        "::{} file={},line={},col={},endColumn={},title={}::{}",
        diagnostic.level.name(),
        property(&diagnostic.file),
        diagnostic.line,
        diagnostic.column,
        diagnostic.column + diagnostic.width,
        property(diagnostic.code),
        value(&format!("{}{help}", diagnostic.message)),
    )
}

/// One SARIF 2.1.0 document. Columns count Unicode code points.
pub fn sarif(diagnostics: &[Diagnostic], version: &str) -> Value {
    let rules: Vec<Value> =
        code::ERRORS.iter().chain(code::LINTS).map(|code| json!({ "id": code })).collect();
    let results: Vec<Value> = diagnostics.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "caveat", "version": version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(diagnostic: &Diagnostic) -> Value {
    let help = diagnostic.help.as_deref().map(|help| format!(". {help}")).unwrap_or_default();
    let level = if diagnostic.level == Level::Error { "error" } else { "warning" };
    json!({
        "ruleId": diagnostic.code,
        "level": level,
        "message": { "text": format!("{}{help}", diagnostic.message) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": diagnostic.file.replace(' ', "%20") },
                "region": {
                    "startLine": diagnostic.line,
                    "startColumn": diagnostic.column,
                    "endColumn": diagnostic.column + diagnostic.width,
                },
            },
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::{github, sarif};
    use crate::document::{Problem, code};

    #[test]
    fn what_would_end_an_annotation_is_escaped() {
        let problem = Problem::error(code::BAD_VALUE, 0..0, "100%\n::error::forged").help("a, b: c");
        let diagnostic = problem.without_text("a,b:c.toml");
        assert_eq!(
            github(&diagnostic),
            "::error file=a%2Cb%3Ac.toml,line=1,col=1,endColumn=2,title=bad-value::100%25%0A::error::forged%0Aa, b: c"
        );
        let sarif = sarif(&[diagnostic], "1.2.3");
        assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "bad-value");
        assert_eq!(
            sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"],
            1
        );
    }
}
