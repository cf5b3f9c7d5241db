// Every code of the core has its case here, and every case a code.

import Polywire
import PolywireCore
import XCTest

final class CodesTests: XCTestCase {
    private func of(_ origin: String) -> [Code] { codes().filter { $0.origin == origin } }

    func testViolations() {
        XCTAssertEqual(of("violation").map(\.code), Rule.allCases.map(\.code))
        XCTAssertEqual(of("violation").map(\.number), Rule.allCases.map(\.closeCode))
        XCTAssertEqual(of("violation").map(\.section), Rule.allCases.map(\.section))
        XCTAssertEqual(of("violation").map(\.expected), Rule.allCases.map(\.expected))
    }

    func testMisuse() {
        XCTAssertEqual(of("usage").map(\.code), UsageError.allCases.map(\.code))
        XCTAssertEqual(of("usage").map(\.expected), UsageError.allCases.map(\.text))
    }

    func testHandshakes() {
        XCTAssertEqual(of("handshake").map(\.code), Fault.allCases.map(\.code))
        XCTAssertEqual(of("handshake").map(\.section), Fault.allCases.map(\.section))
    }

    func testNothingElse() {
        XCTAssertEqual(codes().count, Rule.allCases.count + UsageError.allCases.count + Fault.allCases.count)
        XCTAssertEqual(PolywireCore.causes(), Cause.allCases.map(\.rawValue))
    }
}
