//! `cargo xtask shapes`: what CloudFront's API is made of, as the data that the control crate works from.
//!
//! The facts come out of the service model that botocore carries: names, types, order, limits, status codes. What is
//! written is a form of our own; the model's prose stays behind. `crates/control/src/shape/model.rs` reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::tools::{cargo, must, root, target};

/// The version of the API whose model is read.
const VERSION: &str = "2020-05-31";

/// Those that have Create, Get, Get…Config, Update, Delete and List, and what List calls many of them.
const RESOURCES: [(&str, &str); 9] = [
    ("StreamingDistribution", "StreamingDistributions"),
    ("Distribution", "Distributions"),
    ("CloudFrontOriginAccessIdentity", "CloudFrontOriginAccessIdentities"),
    ("OriginAccessControl", "OriginAccessControls"),
    ("PublicKey", "PublicKeys"),
    ("KeyGroup", "KeyGroups"),
    ("CachePolicy", "CachePolicies"),
    ("OriginRequestPolicy", "OriginRequestPolicies"),
    ("ResponseHeadersPolicy", "ResponseHeadersPolicies"),
];

/// All others.
const FURTHER: [&str; 8] = [
    "CreateStreamingDistributionWithTags",
    "CreateDistributionWithTags",
    "CreateInvalidation",
    "GetInvalidation",
    "ListInvalidations",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
];

/// Prints the model with the order of each object's members, which JSON objects need not keep, under the name `//`.
const READ: &str = "
import botocore, gzip, json, os, sys
path = os.path.join(os.path.dirname(botocore.__file__), 'data/cloudfront', sys.argv[1], 'service-2.json')
data = gzip.open(path + '.gz') if os.path.exists(path + '.gz') else open(path, 'rb')
hook = lambda pairs: dict(pairs, **{'//': [name for name, _ in pairs]})
json.dump(json.load(data, object_pairs_hook=hook), sys.stdout)
";

/// Lines of the text get no longer than this.
const WIDTH: usize = 110;

/// Writes the text anew.
pub(crate) fn make() -> anyhow::Result<()> {
    let python = python()?;
    let output = Command::new(&python).args(["-c", READ, VERSION]).output().context("python can't be run")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let model: Value = serde_json::from_slice(&output.stdout).context("the model is no JSON")?;
    let text = text(&model)?;
    let path = root().join("crates/control/src/shape/shapes.txt");
    std::fs::write(&path, &text).with_context(|| format!("{} can't be written", path.display()))?;
    println!("{}: {} lines", path.display(), text.lines().count());
    record(&python)
}

/// Records what botocore sends, lets the tests write their answers, and sees that botocore reads them.
fn record(python: &Path) -> anyhow::Result<()> {
    let script = root().join("crates/control/tests/corpus/record.py");
    must(Command::new(python).arg(&script).arg("record"))?;
    let test = ["test", "--quiet", "--package", "millrace-control", "--test", "shape_corpus", "every_answer"];
    must(cargo(test).env("MILLRACE_RECORD", "1"))?;
    must(Command::new(python).arg(&script).arg("verify"))
}

/// The Python of an environment that has the newest botocore.
fn python() -> anyhow::Result<PathBuf> {
    let environment = target().join("test-tools/botocore");
    let python = environment.join("bin/python");
    if !python.is_file() {
        must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "botocore"];
    must(Command::new(&python).args(pip)).context("botocore can't be installed by pip")?;
    Ok(python)
}

fn text(model: &Value) -> anyhow::Result<String> {
    let mut writer = Writer { model, out: HEAD.to_owned(), order: Vec::new(), errors: BTreeMap::new() };
    let six = RESOURCES.iter().flat_map(|(one, many)| {
        let verbs = ["Create", "Get", "Update", "Delete"].map(|verb| format!("{verb}{one}"));
        verbs.into_iter().chain([format!("Get{one}Config"), format!("List{many}")])
    });
    for name in six.chain(FURTHER.map(str::to_owned)) {
        writer.operation(&name).with_context(|| format!("operation {name}"))?;
    }
    let mut at = 0;
    while let Some(name) = writer.order.get(at).copied() {
        writer.shape(name).with_context(|| format!("shape {name}"))?;
        at += 1;
    }
    writer.out.push('\n');
    for (code, status) in writer.errors {
        writeln!(writer.out, "error {code} {status}")?;
    }
    Ok(writer.out)
}

const HEAD: &str = "\
# The shapes of CloudFront's API, version 2020-05-31; `cargo xtask shapes` makes this file.
#
# operation NAME METHOD PATH STATUS, then what goes in and out of it:
#   in uri|query|header|body MEMBER TYPE     out header|body MEMBER TYPE     fails CODE...
# structure NAME, then MEMBER TYPE in order     list NAME ELEMENT TYPE [LEAST..MOST]
# enum NAME VALUE...     string|double NAME LEAST..MOST     error CODE STATUS
#
# A star marks what is required. MEMBER=NAME is on the wire as NAME.
";

struct Writer<'m> {
    model: &'m Value,
    out: String,
    /// The shapes that were named so far, in the order in which they are written.
    order: Vec<&'m str>,
    errors: BTreeMap<&'m str, u64>,
}

fn field<'m>(value: &'m Value, name: &str) -> anyhow::Result<&'m str> {
    value[name].as_str().with_context(|| format!("there is no {name}"))
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

impl<'m> Writer<'m> {
    fn operation(&mut self, name: &str) -> anyhow::Result<()> {
        let operation = &self.model["operations"][name];
        let http = &operation["http"];
        let uri = field(http, "requestUri")?;
        let path = uri.strip_prefix('/').and_then(|uri| uri.strip_prefix(VERSION)).context("the path")?;
        let status = http["responseCode"].as_u64().unwrap_or(200);
        writeln!(self.out, "\noperation {name} {} {path} {status}", field(http, "method")?)?;
        self.ends("in", &operation["input"])?;
        self.ends("out", &operation["output"])?;
        let mut line = "  fails".to_owned();
        for error in operation["errors"].as_array().into_iter().flatten() {
            let code = field(error, "shape")?;
            let status = &self.model["shapes"][code]["error"]["httpStatusCode"];
            self.errors.insert(code, status.as_u64().with_context(|| format!("{code} has no status"))?);
            if line.len() + code.len() >= WIDTH {
                writeln!(self.out, "{line}")?;
                line = "  fails".to_owned();
            }
            write!(line, " {code}")?;
        }
        writeln!(self.out, "{line}")?;
        Ok(())
    }

    /// What goes in or comes out. Where a member does not say where it goes, it is the payload.
    fn ends(&mut self, way: &str, end: &'m Value) -> anyhow::Result<()> {
        let Some(name) = end["shape"].as_str() else { return Ok(()) };
        let shape = &self.model["shapes"][name];
        for member in strings(&shape["members"]["//"]) {
            let place = match shape["members"][member]["location"].as_str() {
                Some("querystring") => "query",
                Some(place) => place,
                None => {
                    ensure!(shape["payload"].as_str() == Some(member), "{member} has no place");
                    "body"
                }
            };
            let line = self.member(shape, member)?;
            writeln!(self.out, "  {way} {place} {line}")?;
        }
        Ok(())
    }

    fn member(&mut self, shape: &'m Value, name: &'m str) -> anyhow::Result<String> {
        let member = &shape["members"][name];
        ensure!(
            member["flattened"] != true && member["xmlAttribute"] != true,
            "{name} is of an unknown kind"
        );
        let star = if strings(&shape["required"]).any(|required| required == name) { "*" } else { "" };
        let wire = match member["locationName"].as_str() {
            Some(wire) if wire != name => format!("={wire}"),
            _ => String::new(),
        };
        Ok(format!("{name}{wire}{star} {}", self.reference(field(member, "shape")?)))
    }

    /// How a type is named: plain ones by what they are, all others by their shape, which gets its turn.
    fn reference(&mut self, name: &'m str) -> &'m str {
        let shape = &self.model["shapes"][name];
        let kind = shape["type"].as_str().unwrap_or_default();
        let bounded = !shape["min"].is_null() || !shape["max"].is_null();
        if !matches!(kind, "structure" | "list") && shape["enum"].is_null() && !bounded {
            return kind;
        }
        if !self.order.contains(&name) {
            self.order.push(name);
        }
        name
    }

    fn shape(&mut self, name: &'m str) -> anyhow::Result<()> {
        let shape = &self.model["shapes"][name];
        let kind = field(shape, "type")?;
        match kind {
            "structure" => {
                writeln!(self.out, "\nstructure {name}")?;
                for member in strings(&shape["members"]["//"]) {
                    let line = self.member(shape, member)?;
                    writeln!(self.out, "  {line}")?;
                }
            }
            "list" => {
                ensure!(shape["flattened"] != true, "it is flattened");
                let element = shape["member"]["locationName"].as_str().unwrap_or("member");
                let of = self.reference(field(&shape["member"], "shape")?);
                writeln!(self.out, "\nlist {name} {element} {of}{}", bounds(shape))?;
            }
            "string" if !shape["enum"].is_null() => {
                writeln!(
                    self.out,
                    "\nenum {name} {}",
                    strings(&shape["enum"]).collect::<Vec<_>>().join(" ")
                )?;
            }
            _ => writeln!(self.out, "\n{kind} {name}{}", bounds(shape))?,
        }
        Ok(())
    }
}

fn bounds(shape: &Value) -> String {
    let side = |name: &str| shape[name].as_f64().map(|number| number.to_string()).unwrap_or_default();
    match (side("min"), side("max")) {
        (least, most) if least.is_empty() && most.is_empty() => String::new(),
        (least, most) => format!(" {least}..{most}"),
    }
}
