// Every code of the core has its constant here, and every constant a code.

package dev.polywire

import dev.polywire.core.Code
import dev.polywire.core.Failure
import dev.polywire.core.NamedSetting
import dev.polywire.core.Setting
import dev.polywire.core.Settings
import dev.polywire.core.causes
import dev.polywire.core.codes
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

class CodesTest {
    private fun of(origin: String): List<Code> = codes().filter { it.origin == origin }

    @Test
    fun violations() {
        assertEquals(of("violation").map { it.code }, Rule.entries.map { it.code })
        for ((rule, code) in Rule.entries.zip(of("violation"))) {
            assertEquals(code.number.toInt(), rule.closeCode, rule.code)
            assertEquals(code.section, rule.section)
            assertEquals(code.expected, rule.expected)
        }
    }

    @Test
    fun misuse() {
        assertEquals(of("usage").map { it.code }, UsageError.entries.map { it.code })
        assertEquals(of("usage").map { it.expected }, UsageError.entries.map { it.text })
    }

    @Test
    fun handshakes() {
        assertEquals(of("handshake").map { it.code }, Fault.entries.map { it.code })
        assertEquals(of("handshake").map { it.section }, Fault.entries.map { it.section })
    }

    @Test
    fun nothingElse() {
        val named = Rule.entries.size + UsageError.entries.size + Fault.entries.size
        assertEquals(codes().size, named)
        assertEquals(causes(), Cause.entries.map { it.code })
    }

    @Test
    fun aSettingThatCannotBeIsNamed() {
        val failure = assertThrows<Failure.Setting> {
            Settings(listOf(NamedSetting("deflate.level", Setting.Number(0.0))))
        }
        assertEquals("deflate.level", failure.name)
        assertTrue("1 to 9" in failure.expected)
    }
}
