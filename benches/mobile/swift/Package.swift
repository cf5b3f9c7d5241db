// swift-tools-version: 5.9
// What the border costs in Swift. POLYWIRE says where the package lies.

import PackageDescription

let polywire = Context.environment["POLYWIRE"] ?? "../../../target/swift/Polywire"

let package = Package(
    name: "PolywireBenches",
    platforms: [.macOS(.v12)],
    dependencies: [.package(name: "Polywire", path: polywire)],
    targets: [
        .executableTarget(
            name: "Border",
            dependencies: [
                .product(name: "Polywire", package: "Polywire"),
                .product(name: "PolywireCore", package: "Polywire"),
            ])
    ]
)
