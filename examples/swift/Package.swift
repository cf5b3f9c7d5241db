// swift-tools-version: 5.9
// Small programs with Polywire. POLYWIRE says where the package lies that `cargo xtask test swift` put together.

import PackageDescription

let polywire = Context.environment["POLYWIRE"] ?? "../../target/swift/Polywire"

let package = Package(
    name: "PolywireExamples",
    platforms: [.macOS(.v12)],
    dependencies: [.package(name: "Polywire", path: polywire)],
    targets: [
        .executableTarget(name: "TenLines", dependencies: ["Polywire"]),
        .executableTarget(name: "AutobahnClient", dependencies: ["Polywire"]),
    ]
)
