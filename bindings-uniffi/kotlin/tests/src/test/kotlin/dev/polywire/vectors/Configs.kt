// `config` of a vector as the core's settings.

package dev.polywire.vectors

import dev.polywire.core.Agreement
import dev.polywire.core.DeflateParams
import dev.polywire.core.NamedSetting
import dev.polywire.core.Setting
import dev.polywire.core.Settings
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.doubleOrNull

/** The settings: whatever [config] does not name has its default, except compression, which is off. */
fun settings(config: JsonElement?, contexts: String = "folded"): Settings {
    val named = mutableListOf(NamedSetting("deflate", Setting.Flag(false)))
    for ((name, value) in config.fields()) {
        if (name == "deflate") deflate(value as JsonObject, contexts, named) else flatten(name, value, named)
    }
    return Settings(named)
}

private fun deflate(value: JsonObject, contexts: String, named: MutableList<NamedSetting>) {
    named.add(NamedSetting("deflate", Setting.Flag(true)))
    // Windows that a vector does not name have 15 bits, as in RFC 7692.
    for (bits in listOf("server_max_window_bits", "client_max_window_bits")) {
        named.add(NamedSetting("deflate.$bits", Setting.Number(15.0)))
    }
    named.add(NamedSetting("deflate.contexts", Setting.Name(contexts)))
    for ((name, setting) in value) {
        if (name == "params") {
            for ((param, of) in setting.fields()) named.add(NamedSetting("deflate.$param", setting(of)))
        } else {
            named.add(NamedSetting("deflate.$name", setting(setting)))
        }
    }
}

private fun flatten(name: String, value: JsonElement, named: MutableList<NamedSetting>) {
    if (value !is JsonObject) {
        named.add(NamedSetting(name, setting(value)))
        return
    }
    val rate = value["per_second"]
    if (rate != null) {
        named.add(NamedSetting(name, setting(rate)))
        named.add(NamedSetting("$name.burst", setting(value.getValue("burst"))))
        return
    }
    for ((inner, of) in value) flatten("$name.$inner", of, named)
}

private fun setting(value: JsonElement): Setting = when {
    value is JsonNull -> Setting.Unlimited
    value !is JsonPrimitive -> throw Broken("unknown setting $value")
    value.isString -> Setting.Name(value.content)
    value.booleanOrNull != null -> Setting.Flag(value.content.toBoolean())
    else -> Setting.Number(value.doubleOrNull ?: throw Broken("unknown setting $value"))
}

/** The agreement with which the connection of a vector starts. */
fun agreement(config: JsonElement?): Agreement {
    val deflate = config.fields()["deflate"] ?: return Agreement(null, null)
    val params = deflate.fields()["params"].fields()
    val flag = { name: String -> params[name].flag() ?: false }
    val bits = { name: String -> (params[name].number() ?: 15).toUByte() }
    val agreed = DeflateParams(
        flag("server_no_context_takeover"),
        flag("client_no_context_takeover"),
        bits("server_max_window_bits"),
        bits("client_max_window_bits"),
    )
    return Agreement(null, agreed)
}
