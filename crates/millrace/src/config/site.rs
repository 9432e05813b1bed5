//! From settings to what they configure.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use millrace_control::Signers;
use millrace_control::service::Declared;
use millrace_edge::{CertificateError, CertificateFiles, Certificates, Countries, CountriesError, Site};
use millrace_model::{HostPattern, S3Domain, Snapshot, StreamingDistribution, Swf, Variants};
use millrace_origin::{Credentials, FolderOrigin, Origin, S3Config, S3Origin};

use millrace_rtmp::{chunk, session};

use super::settings::{Limits, Media, Origin as OriginSettings, Quotas};
use super::{Bucket, Config, Distribution, Settings};

/// Where a bucket is.
pub(crate) enum Store {
    /// In a folder of this machine.
    Folder(Arc<dyn Origin>),
    /// At S3, or what speaks like it.
    S3(Box<S3Config>),
}

impl Config {
    /// The distributions and the buckets behind them, as long as nothing is known of keys.
    pub(crate) fn site(&self) -> anyhow::Result<Site> {
        self.site_with(Vec::new(), HashMap::new(), &Signers::default())
    }

    /// The same with distributions, origins and signers' keys from elsewhere; host names are the file's first.
    pub(crate) fn site_with(
        &self,
        others: Vec<StreamingDistribution>,
        mut origins: HashMap<String, Arc<dyn Origin>>,
        signers: &Signers,
    ) -> anyhow::Result<Site> {
        let Settings { bucket, default_distribution, .. } = &self.settings;
        for bucket in bucket {
            let origin = bucket.origin(&self.settings, &self.folder);
            let origin = origin.with_context(|| format!("bucket {:?}", bucket.name.get_ref()))?;
            origins.insert(bucket.name.get_ref().clone(), origin);
        }
        let distributions = self.distributions(signers);
        let default = default_distribution.as_ref().map(|id| id.get_ref().as_str());
        let snapshot = Snapshot::new(distributions.chain(others).collect(), default);
        Ok(Site { snapshot, origins, ..Site::default() })
    }

    /// The distributions of the file. Those with trusted signers trust the keys that `signers` says are theirs.
    pub(crate) fn distributions(&self, signers: &Signers) -> impl Iterator<Item = StreamingDistribution> {
        self.settings.distribution.iter().map(|distribution| distribution.model(&self.players, signers))
    }

    /// The bucket of a distribution that is not the file's: as whom it is read is decided by `credentials`, and what
    /// one `reader` got is nobody else's. Without credentials it is read as everybody may.
    pub(crate) fn foreign_origin(
        &self,
        domain: &S3Domain,
        reader: &str,
        credentials: Option<Credentials>,
    ) -> anyhow::Result<Arc<dyn Origin>> {
        Ok(match self.foreign_store(domain, reader, credentials)? {
            Store::Folder(folder) => folder,
            Store::S3(config) => Arc::new(S3Origin::new(&config)?),
        })
    }

    /// Where that bucket is.
    pub(crate) fn foreign_store(
        &self,
        domain: &S3Domain,
        reader: &str,
        credentials: Option<Credentials>,
    ) -> anyhow::Result<Store> {
        let Settings { bucket: buckets, s3, .. } = &self.settings;
        let known = buckets.iter().find(|bucket| *bucket.name.get_ref() == domain.bucket);
        if let Some(folder) = known.and_then(|bucket| bucket.folder.as_ref()) {
            return Ok(Store::Folder(Arc::new(FolderOrigin::open(self.folder.join(folder))?)));
        }
        let mut config = match known {
            Some(bucket) => bucket.s3(&self.settings),
            None => {
                let region = domain.region.clone().unwrap_or_else(|| s3.region.clone());
                let mut config = S3Config::new(region, &domain.bucket);
                config.endpoint = (!s3.endpoint.is_empty()).then(|| s3.endpoint.clone());
                config.path_style = s3.path_style && config.endpoint.is_some();
                self.settings.origin.limit(&mut config);
                config
            }
        };
        if let Some(credentials) = credentials {
            config.credentials = credentials;
        }
        config.reader = Some(reader.to_owned());
        Ok(Store::S3(Box::new(config)))
    }

    /// Distributions of the file, as the API shows them.
    pub(crate) fn declared(&self, file: &Path) -> Vec<Declared> {
        let declared = self.settings.distribution.iter().map(|distribution| Declared {
            id: distribution.id.get_ref().clone(),
            domain_name: distribution.domain_name.to_ascii_lowercase(),
            aliases: distribution.aliases.clone(),
            bucket: distribution.bucket.get_ref().clone(),
            trusted_signers: distribution.signers().map(str::to_owned).collect(),
            enabled: distribution.enabled,
            file: file.display().to_string(),
        });
        declared.collect()
    }

    /// How the control plane behaves.
    pub(crate) fn control(&self) -> millrace_control::Settings {
        let Settings { control, quotas, .. } = &self.settings;
        millrace_control::Settings {
            account: control.account.clone(),
            suffix: control.suffix.trim_matches('.').to_ascii_lowercase(),
            edge: None,
            quotas: quotas.model(),
            taken: BTreeSet::new(),
        }
    }

    /// Which database.
    pub(crate) fn store(&self) -> String {
        match self.settings.control.store.as_str() {
            "" => self.control_folder().join("control.db").display().to_string(),
            url if url.contains("://") => url.to_owned(),
            file => self.folder.join(file).display().to_string(),
        }
    }

    /// The folder for what this machine keeps.
    pub(crate) fn control_folder(&self) -> PathBuf {
        self.folder.join(&self.settings.control.directory)
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

    /// The database of countries, if there is one.
    pub(crate) fn countries(&self) -> Result<Option<Countries>, CountriesError> {
        let file = &self.settings.web.countries;
        if file.is_empty() { Ok(None) } else { Countries::open(&self.folder.join(file)).map(Some) }
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
        let ttl = millrace_cache::Bounds {
            default: cache.ttl.0,
            min: cache.least_ttl.0,
            max: cache.most_ttl.0.max(cache.least_ttl.0),
        };
        millrace_cache::Config {
            memory_bytes: cache.memory.0,
            disk,
            ttl,
            negative_ttl: cache.negative_ttl.0,
            copies_bytes: cache.answers.0,
            longest_copy: cache.longest_answer.0.min(cache.answers.0 / 4),
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
        let Settings { limits, media, signatures, .. } = &self.settings;
        millrace_edge::Limits {
            connections: limits.connections,
            connections_per_address: limits.connections_per_address,
            accepts_per_second: limits.accepts_per_second,
            handshakes_per_second: limits.handshakes_per_second,
            handshakes_waiting: limits.handshakes_waiting,
            handshakes_per_address: limits.handshakes_per_address,
            signatures_per_second: signatures.per_second,
            signatures_waiting: signatures.waiting,
            bad_signatures_per_address: signatures.bad_per_address,
            signatures_known: signatures.known,
            seek_grace: signatures.seek_grace.0,
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

impl Quotas {
    fn model(&self) -> millrace_control::Quotas {
        millrace_control::Quotas {
            streaming_distributions: self.streaming_distributions,
            distributions: self.distributions,
            aliases: self.aliases,
            trusted_signers: self.trusted_signers,
            active_key_pairs: self.active_key_pairs,
            identities: self.identities,
            origins: self.origins,
            behaviors: self.behaviors,
            tags: self.tags,
            invalidation_paths: self.invalidation_paths,
            public_keys: self.public_keys,
            keys_in_group: self.keys_in_group,
            policies: self.policies,
            comment: self.comment,
        }
    }
}

impl OriginSettings {
    fn limit(&self, config: &mut S3Config) {
        config.connect_timeout = self.connect_timeout.0;
        config.read_timeout = self.stall_timeout.0.max(self.answer_timeout.0);
        config.idle_connections = self.idle_connections;
    }
}

impl Bucket {
    fn origin(&self, settings: &Settings, start: &Path) -> anyhow::Result<Arc<dyn Origin>> {
        if let Some(folder) = &self.folder {
            return Ok(Arc::new(FolderOrigin::open(start.join(folder))?));
        }
        Ok(Arc::new(S3Origin::new(&self.s3(settings))?))
    }

    fn s3(&self, settings: &Settings) -> S3Config {
        let region = self.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
        let mut config = S3Config::new(region, self.bucket.clone().unwrap_or_default());
        config.path_style = self.path_style.unwrap_or_else(|| self.endpoint.is_some());
        config.endpoint.clone_from(&self.endpoint);
        config.prefix.clone_from(&self.prefix);
        config.credentials = self.credentials();
        settings.origin.limit(&mut config);
        config
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
    /// `players` are the files that were read. A distribution with signers of whom nobody has a key lets nobody play.
    pub(super) fn model(&self, players: &HashMap<PathBuf, Swf>, signers: &Signers) -> StreamingDistribution {
        let variants = self.variants.as_ref().map(|list| list.get_ref().iter().map(|name| name.0).collect());
        StreamingDistribution {
            id: self.id.get_ref().clone(),
            domain_name: self.domain_name.to_ascii_lowercase(),
            aliases: self.aliases.iter().map(|alias| HostPattern::new(alias)).collect(),
            origin: self.bucket.get_ref().clone(),
            enabled: self.enabled,
            variants: variants.unwrap_or(Variants::ALL),
            swf: self.swf.iter().filter_map(|file| players.get(file.get_ref()).copied()).collect(),
            pages: self.pages.iter().filter_map(|page| page.get_ref().parse().ok()).collect(),
            trusted_keys: (self.signers().count() > 0).then(|| signers.keys_of(self.signers())),
        }
    }
}
