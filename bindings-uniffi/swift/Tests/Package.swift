// swift-tools-version: 5.9
// A package of its own, so that the tests see Polywire as its users do. POLYWIRE says where it lies.

import PackageDescription

let polywire = Context.environment["POLYWIRE"] ?? "../../../target/swift/Polywire"

let package = Package(
    name: "PolywireTests",
    platforms: [.macOS(.v12)],
    dependencies: [.package(name: "Polywire", path: polywire)],
    targets: [
        .testTarget(
            name: "PolywireTests",
            dependencies: [
                .product(name: "Polywire", package: "Polywire"),
                .product(name: "PolywireCore", package: "Polywire"),
            ])
    ]
)
