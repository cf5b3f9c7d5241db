//! What peers there are: reads `tests/interop/peers/*/peer.toml`.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::repository;

/// A folder of peers that are installed together.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) folder: PathBuf,
    /// Programs that must be there before the set-up.
    pub(crate) needs: Vec<String>,
    /// How to come by them.
    pub(crate) hint: String,
    /// Commands, run once in a copy of the folder.
    pub(crate) setup: Vec<Vec<String>>,
    pub(crate) peers: Vec<Peer>,
}

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: String,
    /// Programs that must be there before it runs.
    pub(crate) needs: Vec<String>,
    /// The program and its first arguments; a path in it is relative to the copied folder.
    pub(crate) run: Vec<String>,
    pub(crate) roles: Vec<Role>,
    pub(crate) modes: Vec<Mode>,
    pub(crate) known: Vec<Known>,
}

/// A talk that fails by a fault of the peer. It has to fail, and in this way: else the fault is gone, or
/// hides another.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) role: Role,
    pub(crate) mode: Mode,
    /// What the message of the failure contains.
    pub(crate) error: String,
    /// What the peer does wrong.
    pub(crate) because: String,
}

/// Which part the peer plays; we play the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
    Proxy,
}

/// Without and with permessage-deflate, the latter with our default windows and with windows of 32 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Plain,
    Deflate,
    Wide,
}

impl Role {
    pub(crate) const ALL: [Self; 3] = [Self::Client, Self::Server, Self::Proxy];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Proxy => "proxy",
        }
    }
}

impl Mode {
    pub(crate) const ALL: [Self; 3] = [Self::Plain, Self::Deflate, Self::Wide];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Deflate => "deflate",
            Self::Wide => "wide",
        }
    }

    /// What a peer is told, which knows nothing of our windows.
    pub(crate) fn name_for_peers(self) -> &'static str {
        if self == Self::Plain { "plain" } else { "deflate" }
    }
}

/// All groups, by the names of their folders.
pub(crate) fn all() -> Result<Vec<Group>, String> {
    let peers = repository::root().join("tests/interop/peers");
    let fail = |error| format!("{}: {error}", peers.display());
    let mut folders = Vec::new();
    for entry in peers.read_dir().map_err(fail)? {
        folders.push(entry.map_err(fail)?.path());
    }
    folders.sort();
    folders.into_iter().map(read).collect()
}

fn read(folder: PathBuf) -> Result<Group, String> {
    let path = folder.join("peer.toml");
    let text = repository::read(&path)?;
    let wrong = |error: String| format!("{}: {error}", repository::shown(&path));
    let table: Table = text.parse().map_err(|error| wrong(format!("{error}")))?;
    group(&folder, &table).map_err(wrong)
}

fn group(folder: &Path, table: &Table) -> Result<Group, String> {
    known_keys(table, &["needs", "hint", "setup", "peer"])?;
    let peers = tables(table, "peer")?;
    Ok(Group {
        folder: folder.to_owned(),
        needs: words(table, "needs")?,
        hint: table.get("hint").map_or(Ok(String::new()), word)?,
        setup: array(table, "setup")?.iter().map(word_list).collect::<Result<_, _>>()?,
        peers: peers.into_iter().map(peer).collect::<Result<_, _>>()?,
    })
}

fn peer(table: &Table) -> Result<Peer, String> {
    known_keys(table, &["name", "needs", "run", "roles", "modes", "known"])?;
    let modes = words(table, "modes")?;
    let peer = Peer {
        name: entry(table, "name")?,
        needs: words(table, "needs")?,
        run: words(table, "run")?,
        roles: words(table, "roles")?.iter().map(|name| role(name)).collect::<Result<_, _>>()?,
        modes: modes.iter().map(|name| mode(name)).collect::<Result<_, _>>()?,
        known: tables(table, "known")?.into_iter().map(known).collect::<Result<_, _>>()?,
    };
    if peer.run.is_empty() || peer.roles.is_empty() {
        return Err(format!("{} needs `run` and `roles`", peer.name));
    }
    Ok(if peer.modes.is_empty() { Peer { modes: Mode::ALL.into(), ..peer } } else { peer })
}

fn known(table: &Table) -> Result<Known, String> {
    known_keys(table, &["role", "mode", "error", "because"])?;
    Ok(Known {
        role: role(&entry(table, "role")?)?,
        mode: mode(&entry(table, "mode")?)?,
        error: entry(table, "error")?,
        because: entry(table, "because")?,
    })
}

fn role(name: &str) -> Result<Role, String> {
    Role::ALL.into_iter().find(|role| role.name() == name).ok_or(format!("no role `{name}`"))
}

fn mode(name: &str) -> Result<Mode, String> {
    Mode::ALL.into_iter().find(|mode| mode.name() == name).ok_or(format!("no mode `{name}`"))
}

fn known_keys(table: &Table, known: &[&str]) -> Result<(), String> {
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown key `{key}`; known: {}", known.join(", "))),
        None => Ok(()),
    }
}

fn array<'t>(table: &'t Table, key: &str) -> Result<&'t [Value], String> {
    let Some(value) = table.get(key) else { return Ok(&[]) };
    value.as_array().map(Vec::as_slice).ok_or(format!("`{key}` is not an array"))
}

fn tables<'t>(table: &'t Table, key: &str) -> Result<Vec<&'t Table>, String> {
    let each = |value: &'t Value| value.as_table().ok_or(format!("`{key}` is not [[{key}]]"));
    array(table, key)?.iter().map(each).collect()
}

fn words(table: &Table, key: &str) -> Result<Vec<String>, String> {
    array(table, key)?.iter().map(word).collect()
}

fn entry(table: &Table, key: &str) -> Result<String, String> {
    word(table.get(key).ok_or_else(|| format!("`{key}` is missing"))?)
}

fn word_list(value: &Value) -> Result<Vec<String>, String> {
    let list = value.as_array().ok_or_else(|| format!("{value:?} is not an array"))?;
    list.iter().map(word).collect()
}

fn word(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{value:?} is not a string"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peers_of_this_repository_can_be_read() {
        let groups = all().unwrap_or_else(|error| panic!("{error}"));
        assert!(groups.iter().all(|group| !group.peers.is_empty()));
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        for text in ["need = ['x']", "[[peer]]\nname = 'x'\nrun = ['x']\nroles = ['sever']"] {
            let table: Table = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert!(group(Path::new("x"), &table).is_err(), "{text}");
        }
    }
}
