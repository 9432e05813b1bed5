//! Measures what cached reads cost: `cargo run --release -p millrace-cache --example throughput [directory]`.
//!
//! Prints CPU seconds (user and system, of this process) and wall seconds per GiB, for reads of 1 s of a 4 Mbit/s
//! film from memory, from disk with a memory that is too small, and for the fill from an origin in memory.

use millrace_cache::{Cache, Config, Disk};
use millrace_origin::{MemoryOrigin, Origin};
use std::sync::Arc;
use std::time::Instant;

const FILM: usize = 512 << 20;
const READ: u64 = 512 * 1024;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir =
        std::env::args_os().nth(1).map_or_else(std::env::temp_dir, Into::into).join("millrace-throughput");
    let films = MemoryOrigin::new("films");
    films.put("film", vec![7_u8; FILM]);
    let origin: Arc<dyn Origin> = Arc::new(films);

    let large = Config { memory_bytes: 2 << 30, ..Config::default() };
    let cache = Cache::open(large).await?;
    measure("fill from origin to memory", &cache, &origin, 1).await?;
    measure("read from memory", &cache, &origin, 8).await?;
    drop(cache);

    let disk = Some(Disk::new(&dir, 2 << 30));
    let small = || Config { memory_bytes: 32 << 20, disk: disk.clone(), ..Config::default() };
    let cache = Cache::open(small()).await?;
    measure("fill from origin to disk", &cache, &origin, 1).await?;
    cache.close().await;
    drop(cache);
    let cache = Cache::open(small()).await?;
    measure("read from disk (page cache)", &cache, &origin, 2).await?;
    println!("{:?}", cache.counters());
    drop(cache);
    std::fs::remove_dir_all(dir)?;
    Ok(())
}

async fn measure(
    what: &str,
    cache: &Cache,
    origin: &Arc<dyn Origin>,
    rounds: u64,
) -> Result<(), Box<dyn std::error::Error>> {
    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    let mut bytes = 0;
    for _ in 0..rounds {
        let object = cache.object(origin, "film").await?;
        for from in (0..object.length()).step_by(READ as usize) {
            let slices = object.read(from..(from + READ).min(object.length())).await?;
            bytes += slices.iter().map(|slice| slice.len() as u64).sum::<u64>();
        }
    }
    let gibibytes = bytes as f64 / f64::from(1 << 30);
    let (cpu, wall) = ((cpu_seconds()? - cpu) / gibibytes, start.elapsed().as_secs_f64() / gibibytes);
    println!("{what:30} {cpu:8.4} CPU s/GiB {wall:8.4} s/GiB");
    Ok(())
}

/// User and system time of this process so far, from `/proc` (ticks of 1/100 s).
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks: Vec<f64> =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}
