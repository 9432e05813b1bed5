//! Every setting: its name, type, default and meaning, once.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::entries::{Bucket, Certificate, Distribution};
use super::value::{Address, Leaving, Network, Period, Placed, Shown, Size};
use crate::logging::Format;

/// Defines a section: a struct with defaults, and its part of the default file.
macro_rules! section {
    ($(#[doc = $about:literal])* $section:ident, $name:literal {
        $($(#[doc = $doc:literal])* $field:ident: $type:ty = $default:expr,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct $section {
            $($(#[doc = $doc])* pub(crate) $field: $type,)*
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $section {
            fn describe(out: &mut String) {
                let default = Self::default();
                $(out.push_str(&format!("\n#{}", $about));)*
                out.push_str(concat!("\n[", $name, "]\n"));
                $(
                    $(out.push_str(&format!("#{}\n", $doc));)*
                    out.push_str(&format!("{} = {}\n", stringify!($field), default.$field.shown()));
                )*
            }
        }
    };
}

const fn seconds(seconds: u64) -> Period {
    Period(Duration::from_secs(seconds))
}

const fn ms(ms: u64) -> Period {
    Period(Duration::from_millis(ms))
}

const fn mib(mib: u64) -> Size {
    Size(mib << 20)
}

section! {
    /// Where viewers connect.
    Listen, "listen" {
        /// Addresses for viewers. ":1935" is port 1935 of every address of the machine; one below 1024 needs the
        /// capability CAP_NET_BIND_SERVICE. Every port takes every protocol, whatever a player tries there: RTMP,
        /// RTMPE, RTMPT and RTMPTE, and with a certificate RTMPS and RTMPTS.
        viewers: Vec<Address> = vec![Address::everywhere(1935), Address::everywhere(80)],
        /// The same for the ports where players look for TLS, such as ":443"; these need a `[[certificate]]`.
        tls: Placed<Vec<Address>> = Vec::new().into(),
        /// UDP addresses for HTTP/3, such as ":443", for web distributions that allow it; these need a `[[certificate]]`.
        http3: Vec<Address> = Vec::new(),
        /// Addresses of load balancers that put a PROXY protocol header (version 1 or 2) in front of each connection,
        /// such as "10.0.0.0/8"; only theirs is believed.
        proxies: Vec<Network> = Vec::new(),
    }
}

section! {
    /// TLS, for RTMPS and RTMPTS.
    Tls, "tls" {
        /// How often the files of certificates are looked at for changes; SIGHUP looks at once.
        check_every: Period = seconds(10),
    }
}

section! {
    /// CloudFront's API, for SDKs and the AWS CLI, and where it keeps what is made with it.
    Control, "control" {
        /// Addresses of the API; empty: nowhere, but what is in the store is served all the same.
        listen: Vec<Address> = vec![Address::here(8090)],
        /// Whether the API is spoken in TLS, with the first `[[certificate]]` that fits.
        tls: bool = false,
        /// The folder for what this machine keeps: the store, the key that its secrets are sealed with, the last
        /// snapshot. Made at the first start.
        directory: String = "millrace-data".to_owned(),
        /// "postgres://USER:PASSWORD@HOST/NAME", or a file. Empty: control.db in that folder.
        store: String = String::new(),
        /// The account's number: it is in ARNs, and the trusted signer "self" means it.
        account: String = "123456789012".to_owned(),
        /// What stands behind d... and s... in the host names of new distributions.
        suffix: String = "millrace.localhost".to_owned(),
        /// What happens to the viewers of a streaming distribution that is disabled or deleted: "finish" or "end".
        viewers: Leaving = Leaving::Finish,
    }
}

section! {
    /// How many there may be of what the API makes.
    Quotas, "quotas" {
        /// Streaming distributions.
        streaming_distributions: usize = 100,
        /// Web distributions.
        distributions: usize = 200,
        /// Aliases of one distribution.
        aliases: usize = 100,
        /// Trusted signers of one distribution or cache behaviour.
        trusted_signers: usize = 5,
        /// Active key pairs of one account.
        active_key_pairs: usize = 2,
        /// Origin access identities; and as many origin access controls.
        identities: usize = 100,
        /// Origins of one web distribution.
        origins: usize = 25,
        /// Cache behaviours of one web distribution, the default not counted.
        behaviors: usize = 25,
        /// Tags of one distribution.
        tags: usize = 50,
        /// Paths of one invalidation.
        invalidation_paths: usize = 3000,
        /// Public keys; and as many key groups.
        public_keys: usize = 100,
        /// Public keys of one key group.
        keys_in_group: usize = 5,
        /// Policies of each kind.
        policies: usize = 100,
        /// Characters of a comment.
        comment: usize = 128,
    }
}

section! {
    /// Where the buckets of distributions lie that the API makes: BUCKET.s3.amazonaws.com means the `[[bucket]]` with
    /// that name if there is one, and otherwise a bucket here.
    S3, "s3" {
        /// "https://HOST" of a store that is not AWS; empty: AWS.
        endpoint: String = String::new(),
        /// Where a bucket lies whose host name does not say it.
        region: String = "us-east-1".to_owned(),
        /// Whether a bucket is a folder of the endpoint (`https://HOST/BUCKET`) and not a host below it.
        path_style: bool = true,
    }
}

section! {
    /// How web distributions answer.
    Web, "web" {
        /// A file of MaxMind's format (.mmdb) that knows the countries of addresses, for distributions that are not for
        /// all countries. A renewed file is noticed. Empty: nobody's country is known, so everybody is served.
        countries: String = String::new(),
        /// What this edge calls its place, in X-Amz-Cf-Pop.
        location: String = "MIL50-P1".to_owned(),
    }
}

section! {
    /// What is kept of the buckets' content.
    Cache, "cache" {
        /// Memory for blocks of objects.
        memory: Size = mib(256),
        /// Memory for whole answers of web distributions; while they come they may take as much once more.
        answers: Size = mib(64),
        /// The longest answer that is kept whole. Longer ones are kept as blocks, if their origin sends ranges.
        longest_answer: Size = mib(16),
        /// A directory for blocks on disk, of which this process is the only user. Empty: none.
        directory: String = String::new(),
        /// How much of that disk.
        disk: Size = Size(10 << 30),
        /// Memory for blocks that wait to be written to disk.
        disk_queue: Size = mib(64),
        /// How long a fetch waits for room among them before its block is not written.
        disk_queue_wait: Period = ms(500),
        /// Reads from disk at one time.
        disk_reads: usize = 16,
        /// How long nothing is written after a write failed.
        disk_pause: Period = seconds(10),
        /// How often what is known of objects is written to disk.
        disk_save: Period = seconds(30),
        /// How long an object counts as unchanged if its own headers do not say.
        ttl: Period = seconds(86_400),
        /// The least, whatever its Cache-Control or Expires say.
        least_ttl: Period = seconds(3600),
        /// The most.
        most_ttl: Period = seconds(100 * 365 * 86_400),
        /// How long "not there" and "forbidden" count.
        negative_ttl: Period = seconds(5),
        /// Objects whose version and length are remembered.
        objects: usize = 100_000,
        /// Buckets that are counted and limited each for itself.
        origins: usize = 1024,
    }
}

section! {
    /// How buckets are asked.
    Origin, "origin" {
        /// Requests to one bucket at one time.
        requests: usize = 64,
        /// Bytes on their way from all buckets at one time.
        in_flight: Size = mib(256),
        /// The longest range asked for in one request.
        longest_request: Size = mib(64),
        /// How far ahead of a viewer is read.
        read_ahead: Size = mib(4),
        /// The longest wait for a connection.
        connect_timeout: Period = seconds(3),
        /// The longest wait for an answer to begin.
        answer_timeout: Period = seconds(5),
        /// The longest wait for its next piece.
        stall_timeout: Period = seconds(5),
        /// The longest time for one block of 256 KiB.
        block_timeout: Period = seconds(30),
        /// How long a failing bucket is asked again before viewers are told.
        retry: Period = seconds(10),
        /// The first pause between such tries; it doubles up to 2 s.
        first_pause: Period = ms(50),
        /// The longest wait for news of an object while an older answer is at hand.
        revalidate_timeout: Period = seconds(2),
        /// Idle connections kept to one bucket.
        idle_connections: usize = 64,
    }
}

section! {
    /// What viewers may cost.
    Limits, "limits" {
        /// Viewers at one time.
        connections: usize = 20_000,
        /// Viewers at one time from one address.
        connections_per_address: usize = 5_000,
        /// Viewers accepted in one second; more wait.
        accepts_per_second: u32 = 5_000,
        /// Handshakes of RTMPE and TLS in one second; more wait.
        handshakes_per_second: u32 = 500,
        /// Handshakes that wait; more are closed.
        handshakes_waiting: usize = 1000,
        /// Handshakes from one address in one second; more are closed.
        handshakes_per_address: u32 = 100,
        /// Sessions of RTMPT at one time.
        tunnels: usize = 10_000,
        /// Sessions of RTMPT at one time from one address.
        tunnels_per_address: usize = 1_000,
        /// How long such a session lives without a request.
        tunnel_silence: Period = seconds(45),
        /// How long an empty answer is held while something plays, so that a player does not ask at once again.
        tunnel_hold: Period = seconds(1),
        /// The largest body of a request.
        tunnel_request: Size = Size(64 << 10),
        /// The largest body of an answer.
        tunnel_body: Size = mib(1),
        /// Commands of one viewer in one second.
        commands_per_second: u32 = 100,
        /// Play streams of one viewer.
        streams: usize = 8,
        /// Items that wait in one playlist.
        playlist: usize = 16,
        /// Bytes in a stream name; signatures and policies are part of it.
        name: usize = 4096,
        /// The longest message a viewer may send.
        message: u32 = 65_536,
        /// The least chunk size a viewer may set.
        least_chunk_size: u32 = 128,
        /// The largest.
        most_chunk_size: u32 = 0xff_ffff,
        /// The size of the chunks that viewers are sent.
        chunk_size: u32 = 65_536,
        /// Chunk streams of one viewer.
        chunk_streams: usize = 32,
        /// Bytes of one viewer's half-received messages.
        unfinished: Size = Size(256 << 10),
        /// The longest time for the handshake.
        handshake: Period = seconds(10),
        /// The longest time from there to connect.
        connect: Period = seconds(10),
        /// How long a viewer may stay who plays nothing.
        idle: Period = seconds(60),
        /// Silence after which a viewer is pinged.
        ping: Period = seconds(60),
        /// Silence after a ping that ends the connection.
        ping_answer: Period = seconds(30),
        /// How long a viewer may take nothing while it is owed something.
        stalled: Period = seconds(300),
        /// How long a viewer who is sent away may take for its last bytes.
        linger: Period = seconds(3),
        /// How far ahead of its play head a viewer is kept at least.
        least_buffer: Period = seconds(2),
        /// How far at most, whatever its player asks for.
        most_buffer: Period = seconds(43_200),
    }
}

section! {
    /// Signatures of distributions with trusted signers: what looking at them may cost, and what happens when they end.
    Signatures, "signatures" {
        /// Signatures verified in one second; more wait. One that was good is known and not verified again.
        per_second: u32 = 2000,
        /// Signatures that wait; viewers with more are refused.
        waiting: usize = 1000,
        /// Bad signatures from one address in one second; then all that are not known wait for its end.
        bad_per_address: u32 = 20,
        /// Good signatures that are remembered.
        known: usize = 100_000,
        /// How long after the end of its signature a viewer who plays may still seek; playing on needs none.
        seek_grace: Period = seconds(0),
    }
}

section! {
    /// What media files may cost.
    Media, "media" {
        /// Memory for packed media that viewers share.
        segments: Size = mib(256),
        /// Memory for the indexes of open files.
        titles: Size = mib(128),
        /// The largest index (`moov`) of a file.
        moov: Size = mib(64),
        /// Samples in one track.
        samples: u32 = 8 << 20,
        /// Tracks in one file.
        tracks: usize = 64,
        /// Bytes of media within a second.
        second: Size = mib(64),
        /// The largest onMetaData of an FLV file.
        metadata: Size = mib(4),
        /// Places remembered of one file to seek to.
        checkpoints: usize = 16 << 10,
        /// Tags and pictures in front of an MP3 file's sound.
        id3: Size = mib(64),
    }
}

section! {
    /// How the server stops.
    Drain, "drain" {
        /// How long viewers may play on after SIGTERM.
        deadline: Period = seconds(60),
    }
}

section! {
    /// What is written to standard error.
    Log, "log" {
        /// "text" or "json".
        format: Format = Format::Text,
        /// error, warn, info, debug or trace; or a list such as "info,millrace_edge=debug".
        level: String = "info".to_owned(),
    }
}

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) default_distribution: Option<Spanned<String>>,
    pub(crate) listen: Listen,
    pub(crate) tls: Tls,
    pub(crate) certificate: Vec<Certificate>,
    pub(crate) bucket: Vec<Bucket>,
    pub(crate) distribution: Vec<Distribution>,
    pub(crate) control: Control,
    pub(crate) quotas: Quotas,
    pub(crate) s3: S3,
    pub(crate) web: Web,
    pub(crate) cache: Cache,
    pub(crate) origin: Origin,
    pub(crate) limits: Limits,
    pub(crate) signatures: Signatures,
    pub(crate) media: Media,
    pub(crate) drain: Drain,
    pub(crate) log: Log,
}

/// What stands in front of the sections, with examples behind `#: `.
const HEAD: &str = "\
# Millrace. Every setting that is not written here has the value shown. Paths that do not begin
# with / start from the folder of this file.

# The id of the distribution for viewers whose host name no distribution claims, and for bare
# addresses. Without it they are refused.
#: default_distribution = \"EDFDVBD6EXAMPLE\"
";

/// What stands behind them.
const TAIL: &str = "
# Certificates with their keys, in PEM files. A player gets the one for the host name it asks for,
# and the first one if there is none for it or it asks for no name. Renewed files are noticed.
#: [[certificate]]
#: certificate = \"tls/media.example.com.pem\"
#: key = \"tls/media.example.com.key\"

# Buckets. With neither key nor `anonymous`, credentials come from the environment:
# AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what else AWS defines.
#: [[bucket]]
#: name = \"films\"
#: bucket = \"my-films\"
#: region = \"eu-west-1\"
# For stores other than AWS; path_style is true then unless set otherwise.
#: endpoint = \"https://s3.example.net\"
#: path_style = true
# Put in front of every name.
#: prefix = \"published/\"
#: access_key_id = \"AKIAIOSFODNN7EXAMPLE\"
#: secret_access_key = \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"

# A folder that stands for a bucket; files can be replaced at any time.
#: [[bucket]]
#: name = \"local\"
#: folder = \"/srv/media\"

# Streaming distributions: viewers connect to rtmp://DOMAIN_NAME/cfx/st.
#: [[distribution]]
#: id = \"EDFDVBD6EXAMPLE\"
#: domain_name = \"s5c39gqb8ow64r.example.net\"
#: aliases = [\"media.example.com\", \"*.video.example.com\"]
#: bucket = \"films\"
#: enabled = true
# By which variants viewers may come; all, if it is not there.
#: variants = [\"rtmp\", \"rtmpe\", \"rtmpt\", \"rtmpte\", \"rtmps\", \"rtmpts\"]
# Whose signatures let viewers play, as TrustedSigners of the API has them: \"self\" is the account of
# [control], other accounts are meant by their numbers, key groups by their ids. Their keys are in
# the store (`millrace keys`, or CreatePublicKey and CreateKeyGroup of the API). Empty, or not
# there: nobody needs a signature.
#: trusted_signers = [\"self\", \"210987654321\", \"0a1b2c3d-0000-4000-8000-0123456789ab\"]
# The files of the players (SWF) that may connect, by SWF verification. Every player may, if it
# is not there. It keeps honest people honest: who has the file can make any player pass.
#: swf = [\"player.swf\"]
# The pages whose players may connect by WebSocket or RTMPT, by their origins as browsers tell them;
# \"null\" stands for pages from files. Every page's may, if it is not there. Players outside of
# browsers send no origin, and are not asked for one: what must not be copied needs signatures.
#: pages = [\"https://www.example.com\", \"https://*.example.org\"]
";

/// The default file.
pub(super) fn default_file() -> String {
    let mut out = HEAD.to_owned();
    for describe in [
        Listen::describe,
        Tls::describe,
        Control::describe,
        Quotas::describe,
        S3::describe,
        Web::describe,
        Cache::describe,
        Origin::describe,
        Limits::describe,
        Signatures::describe,
        Media::describe,
        Drain::describe,
        Log::describe,
    ] {
        describe(&mut out);
    }
    out.push_str(TAIL);
    out
}
