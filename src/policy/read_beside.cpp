#include "base/limits.h"
#include "policy/names.h"
#include "policy/read.h"

namespace sallyport::policy {

// Tools of the known clients that change files and run nothing.
constexpr std::string_view tools_that_edit[] = {
    "Edit",       "MultiEdit", "Write",  "NotebookEdit", "apply_patch",        "replace",
    "write_file", "edit_file", "create", "str_replace",  "str_replace_editor", "str_replace_based_edit_tool",
    "patch"};

void read_restore(Reader& reader, Node node, Document& document) {
    Fields stated(reader, node, "restore");
    document.restore_tools.emplace();
    const auto tools = stated.take("tools");
    for (const auto one : reader.list(tools, "tools"))
        if (const auto text = reader.text(one, "a tool")) document.restore_tools->push_back(*text);
    if (!tools) document.restore_tools->assign(std::begin(tools_that_edit), std::end(tools_that_edit));
    stated.finish();
}

void read_bodies(Reader& reader, Node node, Document& document) {
    if (!node) return;
    Fields stated(reader, node, "bodies");
    for (std::size_t i = 0; i < class_count; ++i) {
        const auto time = stated.take(class_names[i]);
        const auto span = reader.milliseconds(time, class_names[i]);
        if (!span) continue;
        document.bodies_kept_ms[i] = *span;
        if (*span <= 0)
            reader.mistake(time, "bodies are kept for more than nothing; leave a class out to keep none of it");
    }
    stated.finish();
}

void read_sealing(Reader& reader, Node node, Document& document) {
    if (!node) return;
    Fields stated(reader, node, "ledger");
    Fields counts(reader, stated.require("cosignatures"), "cosignatures");
    for (std::size_t i = 0; i < class_count; ++i) {
        const auto count = reader.integer(counts.take(class_names[i]), 1, limits::witnesses_max, class_names[i]);
        document.sealing.cosignatures[i] = static_cast<std::uint8_t>(count.value_or(0));
    }
    counts.finish();
    const auto within = stated.take("sealed_within");
    const auto span = reader.milliseconds(within, "sealed_within");
    document.sealing.within_ms = span.value_or(0);
    if (span && *span < 1'000)
        reader.mistake(within, "sealed_within is one second or more; leave it out where exchanges may go on unsealed");
    stated.finish();
}

void read_launchers(Reader& reader, Node node, Document& document) {
    static constexpr std::string_view trust_words[] = {"none", "user"};
    if (!node) return;
    Launchers& launchers = document.launchers;
    Fields stated(reader, node, "launchers");
    if (const auto trust = reader.word(stated.take("trust"), trust_words, "word for trust"))
        launchers.trusts_user = *trust == 1;
    const auto tier_of = [&](Node value, Tier otherwise) {
        const auto index = reader.word(value, std::span(tier_names).subspan(1), "tier");
        return index ? static_cast<Tier>(*index + 1) : otherwise;
    };
    launchers.lowest = tier_of(stated.take("lowest_tier"), Tier::a);
    const auto tiers = stated.take("tiers");
    if (tiers) {
        Fields classes(reader, tiers, "tiers");
        for (std::size_t i = 0; i < class_count; ++i)
            launchers.needed[i] = tier_of(classes.take(class_names[i]), Tier::none);
        classes.finish();
    }
    if (tiers && !launchers.trusts_user)
        reader.mistake(tiers,
                       "a tier is only claimed as long as launchers are not trusted, so nothing of these classes would "
                       "pass; write trust: user");
    stated.finish();
}

} // namespace sallyport::policy
