// swift-tools-version: 5.9
// The package as it is published: `cargo xtask test swift` copies it to `target/swift/Polywire` and adds what
// is generated from the library.

import PackageDescription

let package = Package(
    name: "Polywire",
    platforms: [.macOS(.v12), .iOS(.v15), .tvOS(.v15), .watchOS(.v8)],
    products: [
        .library(name: "Polywire", targets: ["Polywire"]),
        .library(name: "PolywireCore", targets: ["PolywireCore"]),
    ],
    targets: [
        .systemLibrary(name: "PolywireFFI"),
        .target(name: "PolywireCore", dependencies: ["PolywireFFI"]),
        .target(name: "Polywire", dependencies: ["PolywireCore"]),
    ]
)
