//! JSON Schema of what a file may hold, for editors and other programs. Draft 4: what editors for TOML read.

use serde_json::{Map, Value, json};

use super::shape::{Key, Keys, Shape};
use super::values::MAX_LINE_CHARS;

/// The schema of a file of these keys. `nullable`: absent values may be written as `null`, as JSON has it.
pub fn schema(title: &str, keys: &Keys, nullable: bool) -> Value {
    let mut root = Map::new();
    root.insert("$schema".to_owned(), json!("http://json-schema.org/draft-04/schema#"));
    root.insert("title".to_owned(), json!(title));
    if let Value::Object(table) = table(keys, nullable) {
        root.extend(table);
    }
    Value::Object(root)
}

fn table(keys: &Keys, nullable: bool) -> Value {
    let mut object = Map::new();
    object.insert("description".to_owned(), json!(keys.about));
    object.insert("type".to_owned(), json!("object"));
    object.insert("additionalProperties".to_owned(), json!(false));
    let properties: Map<String, Value> =
        keys.keys.iter().map(|key| (key.name.to_owned(), property(key, nullable))).collect();
    object.insert("properties".to_owned(), Value::Object(properties));
    let required: Vec<&str> =
        keys.keys.iter().filter(|key| key.required.is_some()).map(|key| key.name).collect();
    if !required.is_empty() {
        object.insert("required".to_owned(), json!(required));
    }
    let choice =
        |names: &[&str]| -> Vec<Value> { names.iter().map(|name| json!({ "required": [name] })).collect() };
    if !keys.any_of.is_empty() {
        object.insert("anyOf".to_owned(), Value::Array(choice(keys.any_of)));
    }
    if !keys.one_of.is_empty() {
        object.insert("oneOf".to_owned(), Value::Array(choice(keys.one_of)));
    }
    Value::Object(object)
}

fn property(key: &Key, nullable: bool) -> Value {
    let mut value = value(&key.shape, nullable);
    if let Value::Object(object) = &mut value {
        // What a key is for says more than what such tables are for in general.
        object.insert("description".to_owned(), json!(key.about));
    }
    if !nullable || key.required.is_some() {
        return value;
    }
    json!({ "description": key.about, "anyOf": [value, { "type": "null" }] })
}

fn value(shape: &Shape, nullable: bool) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Line => json!({ "type": "string", "minLength": 1, "maxLength": MAX_LINE_CHARS }),
        Shape::Form(form) => json!({ "type": "string", "pattern": form }),
        Shape::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Number(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
        Shape::Decimal => {
            json!({ "anyOf": [{ "type": "number" }, { "type": "string", "pattern": r"^\s*-?[0-9]+(\.[0-9]+)?\s*$" }] })
        }
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Day => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        Shape::Choice(names) => json!({ "type": "string", "enum": names }),
        Shape::Country => json!({ "type": "string", "pattern": "^[A-Z]{2}$" }),
        Shape::Language => json!({ "type": "string", "pattern": r"^([a-z]{2,3}|\*)$" }),
        Shape::List(of) => json!({ "type": "array", "items": value(of, nullable) }),
        Shape::OneOrMore(of) => {
            let one = value(of, nullable);
            json!({ "anyOf": [one, { "type": "array", "items": one }] })
        }
        Shape::Table(keys) => table(keys, nullable),
        Shape::Tables(keys) => json!({ "type": "array", "items": table(keys, nullable) }),
        Shape::Named(form, keys) => json!({
            "type": "object", "additionalProperties": false, "patternProperties": { *form: table(keys, nullable) },
        }),
        Shape::Map(form, of) => json!({
            "type": "object", "additionalProperties": false, "patternProperties": { *form: value(of, nullable) },
        }),
    }
}
