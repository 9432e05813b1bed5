//! From settings to what they configure.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use millrace_edge::Site;
use millrace_model::{HostPattern, Snapshot, StreamingDistribution};
use millrace_origin::{Credentials, FolderOrigin, Origin, S3Config, S3Origin};

use super::{Bucket, Config, Distribution, Settings};

impl Config {
    /// The distributions and the buckets behind them.
    pub(crate) fn site(&self) -> anyhow::Result<Site> {
        let Settings { bucket, distribution, default_distribution, .. } = &self.settings;
        let mut origins = HashMap::new();
        for bucket in bucket {
            let origin = bucket.origin(&self.settings);
            let origin = origin.with_context(|| format!("bucket {:?}", bucket.name.get_ref()))?;
            origins.insert(bucket.name.get_ref().clone(), origin);
        }
        let distributions = distribution.iter().map(Distribution::model).collect();
        let default = default_distribution.as_ref().map(|id| id.get_ref().as_str());
        Ok(Site { snapshot: Snapshot::new(distributions, default), origins })
    }

    /// How the cache is set up.
    pub(crate) fn cache(&self) -> millrace_cache::Config {
        let (cache, origin) = (&self.settings.cache, &self.settings.origin);
        let disk = (!cache.directory.is_empty()).then(|| {
            let mut disk = millrace_cache::Disk::new(&cache.directory, cache.disk.0);
            disk.queue_bytes = cache.disk_queue.0;
            disk
        });
        let defaults = millrace_cache::Config::default();
        let mut ttl = defaults.ttl;
        (ttl.default, ttl.min) = (cache.ttl.0, cache.least_ttl.0);
        millrace_cache::Config {
            memory_bytes: cache.memory.0,
            disk,
            ttl,
            negative_ttl: cache.negative_ttl.0,
            objects: cache.objects,
            limits: millrace_cache::Limits {
                in_flight_bytes: origin.in_flight.0,
                requests_per_origin: origin.requests,
                longest_request: origin.longest_request.0,
                read_ahead_bytes: origin.read_ahead.0,
                answer_timeout: origin.answer_timeout.0,
                stall_timeout: origin.stall_timeout.0,
                block_timeout: origin.block_timeout.0,
                retry_deadline: origin.retry.0,
                ..defaults.limits
            },
            ..defaults
        }
    }

    /// What viewers and media may cost.
    pub(crate) fn limits(&self) -> millrace_edge::Limits {
        let (limits, media) = (&self.settings.limits, &self.settings.media);
        let mut edge = millrace_edge::Limits {
            connections: limits.connections,
            connections_per_address: limits.connections_per_address,
            accepts_per_second: limits.accepts_per_second,
            least_buffer: limits.least_buffer.0,
            most_buffer: limits.most_buffer.0.max(limits.least_buffer.0),
            stalled: limits.stalled.0,
            playlist: limits.playlist,
            segment_memory: media.segments.0,
            title_memory: media.titles.0,
            segment_bytes: media.second.0,
            ..Default::default()
        };
        let session = &mut edge.session;
        (session.handshake, session.connect, session.idle) =
            (limits.handshake.0, limits.connect.0, limits.idle.0);
        (session.ping, session.ping_answer) = (limits.ping.0, limits.ping_answer.0);
        (session.streams, session.name) = (limits.streams, limits.name);
        session.commands_per_second = limits.commands_per_second;
        session.chunk.least_chunk_size = limits.least_chunk_size;
        session.chunk.message = limits.message;
        session.chunk.streams = limits.chunk_streams;
        session.chunk.unfinished = limits.unfinished.0 as usize;
        (edge.media.moov, edge.media.samples, edge.media.tracks) =
            (media.moov.0, media.samples, media.tracks);
        edge.media.run_bytes = media.second.0;
        edge
    }
}

impl Bucket {
    fn origin(&self, settings: &Settings) -> anyhow::Result<Arc<dyn Origin>> {
        if let Some(folder) = &self.folder {
            return Ok(Arc::new(FolderOrigin::open(folder)?));
        }
        let region = self.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
        let mut config = S3Config::new(region, self.bucket.clone().unwrap_or_default());
        config.path_style = self.path_style.unwrap_or_else(|| self.endpoint.is_some());
        config.endpoint.clone_from(&self.endpoint);
        config.prefix.clone_from(&self.prefix);
        config.credentials = self.credentials();
        config.connect_timeout = settings.origin.connect_timeout.0;
        config.read_timeout = settings.origin.stall_timeout.0.max(settings.origin.answer_timeout.0);
        config.idle_connections = settings.origin.requests;
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
    fn model(&self) -> StreamingDistribution {
        StreamingDistribution {
            id: self.id.get_ref().clone(),
            domain_name: self.domain_name.to_ascii_lowercase(),
            aliases: self.aliases.iter().map(|alias| HostPattern::new(alias)).collect(),
            origin: self.bucket.get_ref().clone(),
            enabled: self.enabled,
        }
    }
}
