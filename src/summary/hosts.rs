//! Finds names of hosts that stand for the same machine.

use foldhash::{HashMap, HashMapExt as _, HashSet};

use crate::attempt::without_network;
use crate::source::machines;

/// Returns a number for each name, which is the same for names of the same machine. Letter case does not matter.
///
/// Names with the same first part are those of one machine, unless they are in several networks.
pub(crate) fn machines<'n>(names: impl Iterator<Item = &'n str>) -> Vec<u32> {
    let names: Vec<String> = names.map(str::to_lowercase).collect();
    let mut networks: HashMap<&str, HashSet<&str>> = HashMap::new();
    for name in &names {
        let (short, whole) = (without_network(name), with_network(name));
        if short != whole {
            networks.entry(short).or_default().insert(whole);
        }
    }
    let machine = |name| {
        let is_one = networks.get(without_network(name)).is_none_or(|networks| networks.len() < 2);
        if is_one { without_network(name) } else { with_network(name) }
    };
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let number = |name| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(machine(name)).or_insert(next)
    };
    names.iter().map(String::as_str).map(number).collect()
}

/// Whether one name of a machine is shown rather than another one: the shortest is, `host1` and not `host1.example.com`.
pub(crate) fn is_shown(one: &str, other: &str) -> bool {
    (one.len(), one) < (other.len(), other)
}

/// Returns the name of a machine with its network, and without what is no network, such as the date in `host1.example.com.2017-02-14`.
fn with_network(host: &str) -> &str {
    let short = without_network(host).len();
    let mut whole = host;
    while let Some((start, _)) =
        whole.rsplit_once('.').filter(|(start, end)| start.len() >= short && machines::is_no_machine(end))
    {
        whole = start;
    }
    whole
}
