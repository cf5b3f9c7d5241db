//! `cargo xtask test swift` and `cargo xtask setup swift`: the Swift package, put together as it is published,
//! built by SwiftPM, and its tests against that package.
//!
//! Owns the way from the library to the package, and where a Swift toolchain comes from: the system's, or on
//! Debian the one of its next release, unpacked beside the system into a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::peers::{Server, build};
use crate::{Outcome, repository, step, uniffi};

/// What is unpacked: the compiler and what it needs, a C library to link with, and a shell.
const PACKAGES: &[&str] =
    &["swiftlang", "libc6-dev", "libstdc++-14-dev", "bash", "coreutils", "dash", "libc-bin"];

/// Debian's key, with which it signs all its releases.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The release whose packages are unpacked.
const RELEASE: &str = "trixie";

/// Where the toolchain's own tools lie, in Debian's package.
const TOOLS: &str = "/usr/libexec/swift/bin:/usr/bin:/bin";

/// Where the repository is seen from inside the unpacked toolchain.
const INSIDE: &str = "/polywire";

/// Why this machine cannot run the step, if so.
pub(crate) fn lacking() -> Option<String> {
    let missing = "there is no Swift here, so NOTHING of the Swift package was checked; on Debian \
                   `cargo xtask setup swift` fetches one";
    Toolchain::find().is_none().then(|| missing.to_owned())
}

/// The step of `cargo xtask test`.
pub(crate) fn test() -> Outcome {
    let toolchain = Toolchain::find().ok_or("there is no Swift")?;
    build(&["echo_server"])?;
    assemble()?;
    let server = Server::echo()?;
    let vectors = toolchain.path("tests/vectors");
    let variables = [("POLYWIRE_ECHO", server.url.as_str()), ("POLYWIRE_VECTORS", &vectors)];
    // With optimisation: the vectors run at thousands of cuts.
    let options = ["-c", "release", "-Xswiftc", "-enable-testing"];
    toolchain.swift("test", "bindings-uniffi/swift/Tests", &options, &variables)?;
    ten_lines(&toolchain, &server)
}

/// The example that the README shows runs as it stands.
fn ten_lines(toolchain: &Toolchain, server: &Server) -> Outcome {
    toolchain.swift("build", "examples/swift", &["-c", "release"], &[])?;
    let program = program("examples/swift", "TenLines");
    let mut command = toolchain.command(&[&toolchain.path(&program), &server.url]);
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && said.starts_with("hello\nround trip: ") {
        return Ok(());
    }
    Err(format!("TenLines said {said:?}, and {}", String::from_utf8_lossy(&output.stderr)))
}

/// The package, and the programs of `examples/swift`.
pub(crate) fn build_examples() -> Outcome {
    let toolchain = Toolchain::find().ok_or_else(|| lacking().unwrap_or_default())?;
    assemble()?;
    toolchain.swift("build", "examples/swift", &["-c", "release"], &[])
}

/// How to start one of them.
pub(crate) fn autobahn(name: &str) -> Vec<String> {
    let toolchain = Toolchain::find().unwrap_or(Toolchain::System);
    let command = toolchain.command(&[&toolchain.path(&program("examples/swift", name))]);
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect()
}

/// `cargo xtask setup swift`.
pub(crate) fn setup() -> Outcome {
    if Toolchain::find().is_some() {
        println!("a Swift toolchain is ready");
        return Ok(());
    }
    if !Path::new(KEYRING).is_file() {
        return Err(
            "only on Debian a toolchain can be fetched; elsewhere take it from swift.org".into()
        );
    }
    println!("fetching Debian's Swift: 570 MB to download, 2.5 GB unpacked");
    let folder = cache();
    fetch(&folder)?;
    unpack(&folder)?;
    match Toolchain::find() {
        Some(toolchain) => step::finish(&mut toolchain.command(&["swift", "--version"])),
        None => Err(format!("{}: no Swift that runs", folder.display())),
    }
}

/// A Swift that can be called, and how.
pub(crate) enum Toolchain {
    /// `swift` on the path.
    System,
    /// Unpacked into a folder, which it must see as the root of the file system: its C library is newer
    /// than this system's.
    Unpacked(PathBuf),
}

impl Toolchain {
    pub(crate) fn find() -> Option<Self> {
        let works = |toolchain: &Self| {
            let mut command = toolchain.command(&["swift", "--version"]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let unpacked = Self::Unpacked(cache().join("root"));
        [Self::System, unpacked].into_iter().find(works)
    }

    /// Where a file of the repository is, as a program of this toolchain sees it.
    pub(crate) fn path(&self, file: &str) -> String {
        match self {
            Self::System => repository::root().join(file).display().to_string(),
            Self::Unpacked(_) => format!("{INSIDE}/{file}"),
        }
    }

    /// A program with its arguments, which sees the repository at [`path`](Self::path).
    pub(crate) fn command(&self, program: &[&str]) -> Command {
        let root = match self {
            Self::System => {
                let (name, arguments) = program.split_first().expect("a program");
                let mut command = Command::new(name);
                command.args(arguments);
                return command;
            }
            Self::Unpacked(root) => root,
        };
        // In namespaces of its own, so that nothing stays mounted, and nobody has to be root.
        let script = "cd \"$1\" && mkdir -p proc dev tmp polywire && mount --rbind /proc proc && \
                      mount --rbind /dev dev && mount --rbind \"$2\" polywire && shift 2 && \
                      exec chroot . /usr/bin/env -i \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
        command.arg(root).arg(repository::root());
        command.args([&format!("PATH={TOOLS}"), "HOME=/tmp"]).args(program);
        command
    }

    /// `swift build` or `swift test` of a package in the repository that depends on Polywire.
    pub(crate) fn swift(
        &self,
        verb: &str,
        package: &str,
        options: &[&str],
        variables: &[(&str, &str)],
    ) -> Outcome {
        println!("swift {verb} {package}");
        let polywire = format!("POLYWIRE={}", self.path("target/swift/Polywire"));
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (package_path, scratch) = (self.path(package), self.path(&scratch(package)));
        let library = format!("-L{}", self.path("target/swift/lib"));
        let mut arguments = vec!["env", &polywire];
        arguments.extend(variables.iter().map(String::as_str));
        arguments.extend(["swift", verb, "--package-path", &package_path]);
        arguments.extend(["--scratch-path", &scratch, "-Xlinker", &library]);
        arguments.extend(options);
        step::finish(&mut self.command(&arguments))
    }
}

/// A program that was built in release mode, within the repository.
pub(crate) fn program(package: &str, name: &str) -> String {
    format!("{}/release/{name}", scratch(package))
}

fn scratch(package: &str) -> String {
    format!("target/swift/build/{}", package.replace('/', "-"))
}

/// Puts the package together as it is published: what is in the repository, what is generated, and the
/// library, without which nothing can be linked.
pub(crate) fn assemble() -> Outcome {
    uniffi::build()?;
    let folder = repository::root().join("target/swift");
    let generated = folder.join("generated");
    uniffi::generate("swift", &generated)?;
    let package = folder.join("Polywire");
    let fail = |error: std::io::Error| format!("{}: {error}", package.display());
    let source = repository::root().join("bindings-uniffi/swift");
    copy_changed(&source.join("Package.swift"), &package.join("Package.swift")).map_err(fail)?;
    copy_folder(&source.join("Sources"), &package.join("Sources")).map_err(fail)?;
    for (file, place) in
        [("PolywireCore.swift", "Sources/PolywireCore"), ("PolywireFFI.h", "Sources/PolywireFFI")]
    {
        copy_changed(&generated.join(file), &package.join(place).join(file)).map_err(fail)?;
    }
    let library = folder.join("lib/libpolywire_uniffi.a");
    copy_changed(&uniffi::static_library(), &library).map_err(fail)
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            copy_changed(&entry.path(), &target)?;
        }
    }
    Ok(())
}

/// What is the same keeps its time: SwiftPM builds anew what is newer.
fn copy_changed(from: &Path, to: &Path) -> std::io::Result<()> {
    let content = fs::read(from)?;
    if fs::read(to).is_ok_and(|existing| existing == content) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(to, content)
}

/// Downloads the packages with apt, which keeps what it knows in `folder` and nowhere else.
fn fetch(folder: &Path) -> Outcome {
    let apt = folder.join("apt");
    let fail = |error: std::io::Error| format!("{}: {error}", apt.display());
    for inner in ["lists/partial", "archives/partial"] {
        fs::create_dir_all(apt.join(inner)).map_err(fail)?;
    }
    let sources = format!("deb [signed-by={KEYRING}] {} {RELEASE} main\n", mirror()?);
    fs::write(apt.join("sources.list"), sources).map_err(fail)?;
    // Nothing counts as installed, so everything that is needed is downloaded.
    fs::write(apt.join("status"), "").map_err(fail)?;
    let at = |name: &str| apt.join(name).display().to_string();
    let options = [
        format!("Dir::Etc::sourcelist={}", at("sources.list")),
        "Dir::Etc::sourceparts=-".to_owned(),
        format!("Dir::State::lists={}", at("lists")),
        format!("Dir::State::status={}", at("status")),
        format!("Dir::Cache={}", apt.display()),
        "APT::Sandbox::User=".to_owned(),
        "Debug::NoLocking=1".to_owned(),
    ];
    let command = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(options.iter().flat_map(|option| ["-o", option.as_str()]));
        command.arg("-qq").args(arguments);
        command
    };
    step::finish(&mut command(&["update"]))?;
    let install = ["--yes", "--no-install-recommends", "--download-only", "install"];
    step::finish(&mut command(&[&install, PACKAGES].concat()))
}

/// Where this system takes Debian's packages from: the other releases are there as well.
fn mirror() -> Result<String, String> {
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI)", "Origin: Debian"])
        .output()
        .map_err(|error| format!("`apt-get` could not be started: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut mirrors = said.lines().filter(|address| !address.contains("security"));
    mirrors.next().map(str::to_owned).ok_or_else(|| "apt knows no mirror of Debian".to_owned())
}

/// Unpacks every package, without running its scripts: nothing of it has to be set up to compile.
fn unpack(folder: &Path) -> Outcome {
    let archives = folder.join("apt/archives");
    let fail = |error| format!("{}: {error}", archives.display());
    for entry in fs::read_dir(&archives).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            step::finish(
                Command::new("dpkg-deb").arg("--extract").arg(path).arg(folder.join("root")),
            )?;
        }
    }
    fs::remove_dir_all(folder.join("apt")).map_err(fail)
}

fn cache() -> PathBuf {
    let home = std::env::var_os("HOME").map_or(".".into(), PathBuf::from);
    let caches =
        std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    caches.join("polywire/swift")
}
