//! Reads `shapes.txt`, whose head says how it is written.

use std::collections::HashMap;

use super::model::{Bound, Kind, Limits, Member, Model, Operation, Place, Segment, Shape, ShapeId};

/// Reads the whole text, or says which line is wrong.
pub(super) fn read(text: &'static str) -> Result<Model, String> {
    let mut parser = Parser::new(text)?;
    for (index, line) in lines(text) {
        parser.line(line).map_err(|wrong| format!("line {}: {wrong}", index + 1))?;
    }
    Ok(parser.model)
}

/// The lines that say something.
fn lines(text: &'static str) -> impl Iterator<Item = (usize, &'static str)> {
    text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

struct Parser {
    model: Model,
    /// Whether members that follow belong to the last operation or to the shape of this number.
    within: Option<usize>,
    ids: HashMap<&'static str, ShapeId>,
    /// How many shapes were read, which says whose turn it is.
    read: usize,
}

impl Parser {
    /// Gives every name its number first, since shapes are named before they are described.
    fn new(text: &'static str) -> Result<Self, String> {
        let plain = [
            ("string", Kind::String(Limits::default())),
            ("integer", Kind::Integer(Limits::default())),
            ("long", Kind::Long(Limits::default())),
            ("double", Kind::Double(Limits::default())),
            ("boolean", Kind::Boolean),
            ("timestamp", Kind::Timestamp),
        ];
        let mut shapes: Vec<Shape> = plain.into_iter().map(|(name, kind)| Shape { name, kind }).collect();
        let read = shapes.len();
        for (_, line) in lines(text) {
            let mut words = line.split(' ');
            if !matches!(words.next(), Some("structure" | "list" | "enum" | "string" | "double")) {
                continue;
            }
            let name = words.next().ok_or("a shape without a name")?;
            shapes.push(Shape { name, kind: Kind::Boolean });
        }
        let mut ids = HashMap::new();
        for (index, shape) in shapes.iter().enumerate() {
            if ids.insert(shape.name, ShapeId(index)).is_some() {
                return Err(format!("{} is there twice", shape.name));
            }
        }
        let model = Model { operations: Vec::new(), shapes, errors: HashMap::new() };
        Ok(Self { model, within: None, ids, read })
    }

    fn line(&mut self, line: &'static str) -> Result<(), String> {
        let words: Vec<&'static str> = line.trim_start().split(' ').collect();
        if line.starts_with(' ') {
            return match self.within {
                Some(index) => self.member_of(index, &words),
                None => self.part_of_operation(&words),
            };
        }
        match words[..] {
            ["operation", name, method, path, status] => self.operation(name, method, path, status),
            ["error", code, status] => {
                self.model.errors.insert(code, number(status)?);
                Ok(())
            }
            [kind, _, ref rest @ ..] => self.shape(kind, rest),
            _ => Err("nothing known".to_owned()),
        }
    }

    fn operation(
        &mut self,
        name: &'static str,
        method: &'static str,
        path: &'static str,
        status: &str,
    ) -> Result<(), String> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let label = |part: &'static str| part.strip_prefix('{')?.strip_suffix('}');
        let segment = |part| label(part).map_or(Segment::Literal(part), Segment::Label);
        let parameter =
            |part: &'static str| part.split_once('=').map_or((part, None), |(key, value)| (key, Some(value)));
        self.within = None;
        self.model.operations.push(Operation {
            name,
            method,
            path: path.split('/').skip(1).map(segment).collect(),
            query: query.split('&').filter(|part| !part.is_empty()).map(parameter).collect(),
            status: number(status)?,
            input: Vec::new(),
            output: Vec::new(),
            errors: Vec::new(),
        });
        Ok(())
    }

    fn part_of_operation(&mut self, words: &[&'static str]) -> Result<(), String> {
        let bound = match *words {
            ["in" | "out", place, member, of] => Some(Bound {
                place: match place {
                    "uri" => Place::Label,
                    "query" => Place::Query,
                    "header" => Place::Header,
                    "body" => Place::Body,
                    other => return Err(format!("{other} is no place")),
                },
                member: self.member(member, of)?,
            }),
            _ => None,
        };
        let operation = self.model.operations.last_mut().ok_or("there is no operation yet")?;
        match (words, bound) {
            (["in", ..], Some(bound)) => operation.input.push(bound),
            (["out", ..], Some(bound)) => operation.output.push(bound),
            (["fails", codes @ ..], _) => operation.errors.extend(codes),
            _ => return Err("no part of an operation".to_owned()),
        }
        Ok(())
    }

    fn shape(&mut self, kind: &str, rest: &[&'static str]) -> Result<(), String> {
        let kind = match (kind, rest) {
            ("structure", []) => Kind::Structure(Vec::new()),
            ("list", [element, of, limits @ ..]) => {
                Kind::List { element, of: self.id(of)?, limits: parse_limits(limits)? }
            }
            ("enum", values) => Kind::Enum(values.to_vec()),
            ("string", limits) => Kind::String(parse_limits(limits)?),
            ("double", limits) => Kind::Double(parse_limits(limits)?),
            _ => return Err(format!("{kind} is no kind")),
        };
        self.model.shapes[self.read].kind = kind;
        self.within = Some(self.read);
        self.read += 1;
        Ok(())
    }

    fn member_of(&mut self, index: usize, words: &[&'static str]) -> Result<(), String> {
        let [name, of] = *words else { return Err("a member has a name and a type".to_owned()) };
        let member = self.member(name, of)?;
        match &mut self.model.shapes[index].kind {
            Kind::Structure(members) => members.push(member),
            _ => return Err("only structures have members".to_owned()),
        }
        Ok(())
    }

    fn member(&self, text: &'static str, of: &str) -> Result<Member, String> {
        let bare = text.strip_suffix('*').unwrap_or(text);
        let (name, wire) = bare.split_once('=').unwrap_or((bare, bare));
        Ok(Member { name, wire, required: bare.len() < text.len(), of: self.id(of)? })
    }

    fn id(&self, name: &str) -> Result<ShapeId, String> {
        self.ids.get(name).copied().ok_or_else(|| format!("there is no shape {name}"))
    }
}

fn parse_limits(words: &[&'static str]) -> Result<Limits, String> {
    let [word] = words else {
        return if words.is_empty() { Ok(Limits::default()) } else { Err("too many limits".to_owned()) };
    };
    let (least, most) = word.split_once("..").ok_or("limits are written LEAST..MOST")?;
    let side = |text: &str| if text.is_empty() { Ok(None) } else { number(text).map(Some) };
    Ok(Limits { least: side(least)?, most: side(most)? })
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{VERSION, model};

    /// How deep a shape's documents get; fails where one never ends.
    fn depth(id: ShapeId, above: usize) -> usize {
        assert!(above < 32, "{} has no end", model()[id].name);
        let below = match &model()[id].kind {
            Kind::Structure(members) => members.iter().map(|member| depth(member.of, above + 1)).max(),
            Kind::List { of, .. } => Some(depth(*of, above + 1)),
            _ => None,
        };
        1 + below.unwrap_or_default()
    }

    #[test]
    fn the_text_is_whole() {
        let model = model();
        assert_eq!(model.operations().len(), 62);
        assert!(include_str!("shapes.txt").lines().next().unwrap().contains(VERSION));
        for shape in model.shapes() {
            let empty = match &shape.kind {
                Kind::Structure(members) => members.is_empty(),
                Kind::Enum(words) => words.is_empty(),
                _ => false,
            };
            assert!(!empty, "{}", shape.name);
        }
        for operation in model.operations() {
            assert!(!operation.errors.is_empty(), "{}", operation.name);
            for code in &operation.errors {
                assert!(model.error_status(code).is_some(), "{code}");
            }
            for segment in &operation.path {
                let Segment::Label(name) = segment else { continue };
                let is_label = |bound: &Bound| bound.place == Place::Label && bound.member.wire == *name;
                assert!(operation.input.iter().any(is_label), "{}: {name}", operation.name);
            }
        }
    }

    #[test]
    fn every_body_can_be_read_back() {
        for operation in model().operations() {
            for bound in operation.input.iter().chain(&operation.output) {
                assert!(depth(bound.member.of, 0) <= crate::shape::MAX_DEPTH);
                assert_eq!(bound.place == Place::Body, model()[bound.member.of].kind.is_compound());
            }
        }
    }

    #[test]
    fn the_facts_arrive() {
        let operation = model().operation("UpdateStreamingDistribution").unwrap();
        assert_eq!((operation.method, operation.status), ("PUT", 200));
        let header = operation.input.iter().find(|bound| bound.place == Place::Header).unwrap();
        assert_eq!(
            (header.member.name, header.member.wire, header.member.required),
            ("IfMatch", "If-Match", false)
        );
        assert_eq!(operation.body().unwrap().name, "StreamingDistributionConfig");
        let Kind::List { element, of, limits } = model().shape("OriginGroupMemberList").unwrap().kind else {
            panic!()
        };
        assert_eq!((element, model()[of].name), ("OriginGroupMember", "OriginGroupMember"));
        assert_eq!(limits, Limits { least: Some(2.0), most: Some(2.0) });
        assert_eq!(model().error_status("CNAMEAlreadyExists"), Some(409));
    }

    #[test]
    fn a_wrong_text_is_told_by_its_line() {
        let wrong = [
            ("structure A\n  B* C", "line 2: there is no shape C"),
            ("structure A\n\nlist A B string", "A is there twice"),
            ("list L e string 1..x", "line 1: x is no number"),
            ("  in uri Id string", "line 1: there is no operation yet"),
            ("operation A GET /a 200\n  in trailer Id string", "line 2: trailer is no place"),
            ("enum E a\n  B string", "line 2: only structures have members"),
            ("# fine\nunion U a", "line 2: union is no kind"),
        ];
        for (text, why) in wrong {
            assert_eq!(read(text).unwrap_err(), why);
        }
    }
}
