//! From settings to what they configure.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use millrace_edge::{CertificateError, CertificateFiles, Certificates, Site};
use millrace_model::{HostPattern, Snapshot, StreamingDistribution, Swf, Variants};
use millrace_origin::{Credentials, FolderOrigin, Origin, S3Config, S3Origin};

use millrace_rtmp::{chunk, session};

use super::settings::{Limits, Media};
use super::{Bucket, Config, Distribution, Settings};

impl Config {
    /// The distributions and the buckets behind them.
    pub(crate) fn site(&self) -> anyhow::Result<Site> {
        let Settings { bucket, distribution, default_distribution, .. } = &self.settings;
        let mut origins = HashMap::new();
        for bucket in bucket {
            let origin = bucket.origin(&self.settings, &self.folder);
            let origin = origin.with_context(|| format!("bucket {:?}", bucket.name.get_ref()))?;
            origins.insert(bucket.name.get_ref().clone(), origin);
        }
        let distributions =
            distribution.iter().map(|distribution| distribution.model(&self.players)).collect();
        let default = default_distribution.as_ref().map(|id| id.get_ref().as_str());
        Ok(Site { snapshot: Snapshot::new(distributions, default), origins })
    }

    /// The files of certificates.
    pub(crate) fn certificate_files(&self) -> Vec<CertificateFiles> {
        let files = self.settings.certificate.iter().map(|files| CertificateFiles {
            certificate: self.folder.join(&files.certificate),
            key: self.folder.join(&files.key),
        });
        files.collect()
    }

    /// The certificates, if there are any.
    pub(crate) fn certificates(&self) -> Result<Option<Certificates>, CertificateError> {
        let files = self.certificate_files();
        if files.is_empty() { Ok(None) } else { Certificates::load(files).map(Some) }
    }

    /// How the cache is set up.
    pub(crate) fn cache(&self) -> millrace_cache::Config {
        let (cache, origin) = (&self.settings.cache, &self.settings.origin);
        let disk = (!cache.directory.is_empty()).then(|| {
            let mut disk = millrace_cache::Disk::new(self.folder.join(&cache.directory), cache.disk.0);
            disk.queue_bytes = cache.disk_queue.0;
            disk.queue_wait = cache.disk_queue_wait.0;
            disk.reads = cache.disk_reads;
            disk.pause_after_error = cache.disk_pause.0;
            disk.save_table_every = cache.disk_save.0;
            disk
        });
        let ttl = millrace_cache::Ttl {
            default: cache.ttl.0,
            min: cache.least_ttl.0,
            max: cache.most_ttl.0.max(cache.least_ttl.0),
        };
        millrace_cache::Config {
            memory_bytes: cache.memory.0,
            disk,
            ttl,
            negative_ttl: cache.negative_ttl.0,
            objects: cache.objects,
            origins: cache.origins,
            limits: millrace_cache::Limits {
                in_flight_bytes: origin.in_flight.0,
                requests_per_origin: origin.requests,
                longest_request: origin.longest_request.0,
                read_ahead_bytes: origin.read_ahead.0,
                answer_timeout: origin.answer_timeout.0,
                stall_timeout: origin.stall_timeout.0,
                block_timeout: origin.block_timeout.0,
                retry_deadline: origin.retry.0,
                first_backoff: origin.first_pause.0,
                revalidate_timeout: origin.revalidate_timeout.0,
            },
        }
    }

    /// What viewers and media may cost.
    pub(crate) fn limits(&self) -> millrace_edge::Limits {
        let (limits, media) = (&self.settings.limits, &self.settings.media);
        millrace_edge::Limits {
            connections: limits.connections,
            connections_per_address: limits.connections_per_address,
            accepts_per_second: limits.accepts_per_second,
            handshakes_per_second: limits.handshakes_per_second,
            handshakes_waiting: limits.handshakes_waiting,
            handshakes_per_address: limits.handshakes_per_address,
            tunnels: limits.tunnels,
            tunnels_per_address: limits.tunnels_per_address,
            tunnel_silence: limits.tunnel_silence.0,
            tunnel_hold: limits.tunnel_hold.0,
            tunnel_request: limits.tunnel_request.0 as usize,
            tunnel_body: limits.tunnel_body.0 as usize,
            least_buffer: limits.least_buffer.0,
            most_buffer: limits.most_buffer.0.max(limits.least_buffer.0),
            stalled: limits.stalled.0,
            linger: limits.linger.0,
            playlist: limits.playlist,
            segment_memory: media.segments.0,
            title_memory: media.titles.0,
            segment_bytes: media.second.0,
            media: media.limits(),
            session: limits.session(),
        }
    }
}

impl Limits {
    /// Bounds of the protocol.
    fn session(&self) -> session::Limits {
        session::Limits {
            chunk: chunk::Limits {
                least_chunk_size: self.least_chunk_size,
                most_chunk_size: self.most_chunk_size,
                message: self.message,
                streams: self.chunk_streams,
                unfinished: self.unfinished.0 as usize,
            },
            handshake: self.handshake.0,
            connect: self.connect.0,
            idle: self.idle.0,
            ping: self.ping.0,
            ping_answer: self.ping_answer.0,
            streams: self.streams,
            commands_per_second: self.commands_per_second,
            name: self.name,
            chunk_size: self.chunk_size,
        }
    }
}

impl Media {
    fn limits(&self) -> millrace_media::Limits {
        millrace_media::Limits {
            moov: self.moov.0,
            samples: self.samples,
            tracks: self.tracks,
            run_bytes: self.second.0,
            metadata: self.metadata.0,
            checkpoints: self.checkpoints,
            id3: self.id3.0,
        }
    }
}

impl Bucket {
    fn origin(&self, settings: &Settings, start: &Path) -> anyhow::Result<Arc<dyn Origin>> {
        if let Some(folder) = &self.folder {
            return Ok(Arc::new(FolderOrigin::open(start.join(folder))?));
        }
        let region = self.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
        let mut config = S3Config::new(region, self.bucket.clone().unwrap_or_default());
        config.path_style = self.path_style.unwrap_or_else(|| self.endpoint.is_some());
        config.endpoint.clone_from(&self.endpoint);
        config.prefix.clone_from(&self.prefix);
        config.credentials = self.credentials();
        config.connect_timeout = settings.origin.connect_timeout.0;
        config.read_timeout = settings.origin.stall_timeout.0.max(settings.origin.answer_timeout.0);
        config.idle_connections = settings.origin.idle_connections;
        Ok(Arc::new(S3Origin::new(&config)?))
    }

    fn credentials(&self) -> Credentials {
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(id), Some(secret)) => {
                Credentials::Static { key_id: id.get_ref().clone(), secret: secret.clone(), token: None }
            }
            _ if self.anonymous => Credentials::Anonymous,
            _ => Credentials::Environment,
        }
    }
}

impl Distribution {
    /// `players` are the files that were read.
    pub(super) fn model(&self, players: &HashMap<PathBuf, Swf>) -> StreamingDistribution {
        let variants = self.variants.as_ref().map(|list| list.get_ref().iter().map(|name| name.0).collect());
        StreamingDistribution {
            id: self.id.get_ref().clone(),
            domain_name: self.domain_name.to_ascii_lowercase(),
            aliases: self.aliases.iter().map(|alias| HostPattern::new(alias)).collect(),
            origin: self.bucket.get_ref().clone(),
            enabled: self.enabled,
            variants: variants.unwrap_or(Variants::ALL),
            swf: self.swf.iter().filter_map(|file| players.get(file.get_ref()).copied()).collect(),
        }
    }
}
