//! Hosts whose NICs have several queues, with 1 to 1,000 threads: the same frames from both schemes, all queues in use, no
//! thread left behind, nothing kept.

use snapstack::buffers::{Buffers, Snapshot};
use snapstack::ledger::Transaction;
use snapstack::sim::net::{Fairness, World};
use snapstack::sim::{Config, Tap, Workload};

use super::{Hash, Log, faulty, finish, sk_buff, small, snapshot};

/// Packets of the shown host by queue: sent, and received.
#[derive(Debug)]
struct Traffic {
    sent: Vec<u32>,
    received: Vec<u32>,
}

/// Runs to the end and looks at the rings of the shown host's NIC after every step.
fn watch<T: Tap>(world: &mut World<Snapshot, T>) -> Traffic {
    fn tails<T: Tap>(world: &World<Snapshot, T>) -> [Vec<u32>; 2] {
        let nic = world.stack().buffers().inner().nic();
        [nic.tx.iter().map(|ring| ring.tail()).collect(), nic.rx.iter().map(|ring| ring.tail()).collect()]
    }
    let slots = world.config().ring_slots;
    let before = tails(world);
    let mut counts = before.each_ref().map(|tails| vec![0; tails.len()]);
    let mut last = before;
    loop {
        let goes_on = world.step();
        let now = tails(world);
        for direction in 0..2 {
            for (queue, count) in counts[direction].iter_mut().enumerate() {
                *count += (now[direction][queue] + slots - last[direction][queue]) % slots;
            }
        }
        last = now;
        if !goes_on {
            break;
        }
    }
    let [sent, received] = counts;
    Traffic { sent, received }
}

/// Asserts that the queues share the packets: where there are threads enough, none has less than half of its share.
fn spread(packets: &[u32], threads: u32) {
    let queues = packets.len() as u32;
    let all: u32 = packets.iter().sum();
    let used = packets.iter().filter(|count| **count > 0).count() as u32;
    assert!(used >= (threads / 4).clamp(1, queues), "{packets:?}");
    if threads >= 25 * queues {
        assert!(packets.iter().all(|count| 2 * count * queues > all), "{packets:?}");
    }
}

#[test]
fn any_number_of_queues_and_threads_carries_the_same_streams_under_both_schemes() {
    for (queues, threads, workload) in [
        (2, 1, Workload::Request),
        (2, 20, Workload::Bulk),
        (4, 5, Workload::Web),
        (4, 120, Workload::Request),
        (8, 40, Workload::Fanout),
        (8, 250, Workload::Web),
    ] {
        for (seed, faults) in [(1, [0; 4]), (2, [10_000, 10_000, 30_000, 10_000])] {
            let plain = Config { queues, threads, message: 5_000, bytes: 10_000, ..small(workload, seed) };
            let config = faulty(plain, faults);
            let (mut one, mut two) = (snapshot(config, Log::default()), sk_buff(config, Log::default()));
            let traffic = watch(&mut one);
            finish(&mut one);
            finish(&mut two);
            assert!(one.tap().0 == two.tap().0, "{queues} queues, {threads} threads, seed {seed}");
            assert_eq!(one.threads(), two.threads());
            let counts = one.stack().buffers().nic_counts();
            let seen: [u64; 2] =
                [&traffic.sent, &traffic.received].map(|packets| packets.iter().sum::<u32>().into());
            assert_eq!(seen, [counts.sent, counts.received]);
            spread(&traffic.sent, threads);
            spread(&traffic.received, threads);
        }
    }
}

#[test]
fn one_to_a_thousand_threads_come_to_an_end_and_leave_memory_empty() {
    for queues in [2, 4, 8] {
        for threads in [1, 30, 1000] {
            let config = Config { queues, threads, bytes: 4_000, message: 2_000, ..small(Workload::Web, 1) };
            let mut world = snapshot(config, Hash::default());
            let traffic = watch(&mut world);
            finish(&mut world);
            spread(&traffic.sent, threads);
            spread(&traffic.received, threads);
            let fairness = Fairness::of(&world.threads());
            assert_eq!((fairness.threads, fairness.failed, fairness.bytes), (threads, 0, [4_512; 2]));
            // Four pages of 32 lines, their nodes, and what the last packets left in their slots.
            let left = world.stack().buffers().inner().memory().live_lines();
            assert!(left < 256, "{queues} queues, {threads} threads: {left} lines");
        }
    }
}

#[test]
fn a_queue_that_nothing_happens_on_interrupts_nobody() {
    let count = |queues| {
        let config = Config { queues, threads: 1, ..small(Workload::Request, 1) };
        let (mut one, mut two) = (snapshot(config, Hash::default()), sk_buff(config, Hash::default()));
        finish(&mut one);
        finish(&mut two);
        assert_eq!(one.now(), two.now());
        let ledgers = [one.stack().buffers().ledger(), two.stack().buffers().ledger()];
        ledgers.map(|ledger| ledger.bus.count(Transaction::Interrupt).requests)
    };
    let (alone, eight) = (count(1), count(8));
    // A connection sends by one queue and receives by one.
    for (alone, eight) in alone.into_iter().zip(eight) {
        assert!(
            0 < alone && alone <= eight && eight <= 2 * alone,
            "{eight} interrupts, {alone} of one queue"
        );
    }
}

/// Connections are dealt out to the queues by a hash, so that some queues have more of them than others, and the NIC takes
/// packets of whichever queue announced them first.
#[test]
fn threads_on_all_queues_share_a_link_evenly() {
    for queues in [2, 4, 8] {
        let plain = small(Workload::Bulk, 1);
        let config = Config { queues, threads: 64, bytes: 120_000, megabits: 1_000, ..plain };
        let mut world = snapshot(config, Hash::default());
        finish(&mut world);
        let threads = world.threads();
        let mut ended: Vec<_> = threads.iter().map(|thread| thread.ended_ns).collect();
        ended.sort_unstable();
        // The one that opens first has the link to itself until the others have opened theirs, too.
        assert!(2 * ended[1] > ended[63], "{queues} queues: {ended:?}");
        let fairness = Fairness::of(&threads);
        assert!(fairness.jain > 0.9, "{queues} queues: {fairness:?}");
    }
}
