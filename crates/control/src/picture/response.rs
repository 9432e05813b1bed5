//! Response headers policies.

use millrace_model::web::{Cors, Glob, ResponseHeader, ResponseRules};
use serde_json::Value;

use crate::value::{at, flag, items, number, text, texts};

/// All methods that `ALL` stands for.
const METHODS: [&str; 7] = ["GET", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

pub(super) fn rules(policy: &Value) -> ResponseRules {
    let own = items(policy, "CustomHeadersConfig").iter().map(|custom| {
        header(text(custom, "Header"), text(custom, "Value").to_owned(), flag(custom, "Override"))
    });
    let removed = items(policy, "RemoveHeadersConfig").iter();
    ResponseRules {
        remove: removed.map(|removed| text(removed, "Header").to_ascii_lowercase()).collect(),
        cors: Some(at(policy, "CorsConfig")).filter(|config| !config.is_null()).map(cors),
        headers: security(at(policy, "SecurityHeadersConfig")).into_iter().chain(own).collect(),
        server_timing: flag(policy, "ServerTimingHeadersConfig.Enabled").then(|| sampled(policy)),
    }
}

fn header(name: &str, value: String, replaces: bool) -> ResponseHeader {
    ResponseHeader { name: name.to_owned(), value, replaces }
}

/// Of a million, from a percentage with a fraction.
fn sampled(policy: &Value) -> u32 {
    let percent = at(policy, "ServerTimingHeadersConfig.SamplingRate").as_f64().unwrap_or_default();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to a million")]
    let of_a_million = (percent.clamp(0.0, 100.0) * 10_000.0).round() as u32;
    of_a_million
}

fn cors(config: &Value) -> Cors {
    let list = |member: &str| texts(config, member).map(str::to_owned).collect::<Vec<_>>();
    let methods = list("AccessControlAllowMethods");
    let all = methods.iter().any(|method| method == "ALL");
    Cors {
        origins: texts(config, "AccessControlAllowOrigins").map(Glob::new).collect(),
        headers: list("AccessControlAllowHeaders"),
        methods: if all { METHODS.map(str::to_owned).into() } else { methods },
        exposed: list("AccessControlExposeHeaders"),
        credentials: flag(config, "AccessControlAllowCredentials"),
        max_age: number(config, "AccessControlMaxAgeSec").and_then(|age| u32::try_from(age).ok()),
        replaces: flag(config, "OriginOverride"),
    }
}

/// The headers for security with their values spelled out.
fn security(config: &Value) -> Vec<ResponseHeader> {
    let of = |member: &str, name: &str, value: &dyn Fn(&Value) -> String| {
        let setting = Some(at(config, member)).filter(|setting| !setting.is_null())?;
        Some(header(name, value(setting), flag(setting, "Override")))
    };
    let plain = |member: &'static str| move |setting: &Value| text(setting, member).to_owned();
    let headers = [
        of("StrictTransportSecurity", "Strict-Transport-Security", &transport),
        of("ContentTypeOptions", "X-Content-Type-Options", &|_| "nosniff".to_owned()),
        of("FrameOptions", "X-Frame-Options", &plain("FrameOption")),
        of("XSSProtection", "X-XSS-Protection", &xss),
        of("ReferrerPolicy", "Referrer-Policy", &plain("ReferrerPolicy")),
        of("ContentSecurityPolicy", "Content-Security-Policy", &plain("ContentSecurityPolicy")),
    ];
    headers.into_iter().flatten().collect()
}

fn transport(setting: &Value) -> String {
    let age = number(setting, "AccessControlMaxAgeSec").unwrap_or_default();
    let more = [("IncludeSubdomains", "; includeSubDomains"), ("Preload", "; preload")];
    let more = more.into_iter().filter(|(member, _)| flag(setting, member)).map(|(_, directive)| directive);
    std::iter::once(format!("max-age={age}").as_str()).chain(more).collect()
}

fn xss(setting: &Value) -> String {
    match (flag(setting, "Protection"), flag(setting, "ModeBlock"), text(setting, "ReportUri")) {
        (false, ..) => "0".to_owned(),
        (true, true, _) => "1; mode=block".to_owned(),
        (true, false, "") => "1".to_owned(),
        (true, false, uri) => format!("1; report={uri}"),
    }
}
