// Messages, as an application sees them.

import Foundation

/// A whole message.
public enum Message: Equatable, Sendable {
    /// Text.
    case text(String)
    /// Bytes.
    case binary(Data)
}
