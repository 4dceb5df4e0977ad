#include "gateway/config_reader.h"

#include <algorithm>
#include <cstdlib>

namespace sallyport::gateway {

namespace {

using policy::Fields;
using policy::Node;
using policy::Reader;

void load_witness(ConfigReader& config, Node item, LedgerConfig& ledger) {
    Reader& reader = config.reader();
    Fields fields(reader, item, "a witness");
    WitnessConfig witness;
    config.host(fields, config.url(fields.require("url"), "the witness's URL", UrlKind::host), witness);
    const Node key = fields.require("key");
    if (const auto text = reader.text(key, "the witness's key")) {
        auto verifier = crypto::NoteVerifier::parse(*text);
        if (!verifier)
            reader.mistake(key, verifier.error().message + "; sallyport ledger witness --print-key prints it");
        else if (verifier->algorithm() != crypto::NoteAlgorithm::cosignature)
            reader.mistake(key, "this is the key of a log, not of a witness; sallyport ledger witness "
                                "--print-key prints one's");
        else if (std::ranges::any_of(ledger.witnesses,
                                     [&](const auto& other) { return other.key.name() == verifier->name(); }))
            reader.mistake(key, "two witnesses have the name " + policy::shown(verifier->name()) +
                                    "; signatures of one name count once");
        else
            witness.key = std::move(*verifier);
    }
    fields.finish();
    ledger.witnesses.push_back(std::move(witness));
}

constexpr std::int64_t room_bytes_max = std::int64_t{1} << 50;

std::optional<ledger::OffloadRule> load_offload(ConfigReader& config, Node node) {
    if (!node) return std::nullopt;
    Reader& reader = config.reader();
    Fields fields(reader, node, "offload");
    ledger::OffloadRule rule;
    rule.directory = config.path(fields.require("directory"), "the directory to offload to");
    const Node above = fields.require("above");
    if (const auto bytes = reader.bytes(above, "above")) {
        if (*bytes < 0 || *bytes > room_bytes_max)
            reader.mistake(above, "above must be at most 1048576GiB");
        else
            rule.above_bytes = static_cast<std::uint64_t>(*bytes);
    }
    fields.finish();
    return rule;
}

// A variable of the gateway's own environment that the command shall have.
void load_variable(ConfigReader& config, Node item, identity::LedgerKeySource& source) {
    Reader& reader = config.reader();
    const auto name = reader.text(item, "environment");
    if (!name) return;
    const bool is_name = !name->empty() && std::ranges::all_of(*name, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!is_name) return reader.mistake(item, "environment lists names of variables: letters, digits and '_'");
    const char* const value = config.with_secrets() ? std::getenv(name->c_str()) : "";
    if (value == nullptr)
        return reader.mistake(item, "the environment variable " + policy::shown(*name) + " is not set");
    source.environment.emplace_back(*name, Secret(value));
}

void load_key(ConfigReader& config, Node node, identity::LedgerKeySource& source) {
    if (!node) return;
    Reader& reader = config.reader();
    Fields fields(reader, node, "the ledger's key");
    if (const Node file = fields.take("file")) source.file = config.path(file, "the ledger's key file");
    const Node command = fields.take("command");
    for (const Node item : reader.list(command, "command"))
        if (auto word = reader.text(item, "a word of the command")) source.command.push_back(std::move(*word));
    if (source.command.size() > limits::ledger_key_arguments_max)
        reader.mistake(command, "a command has at most " + std::to_string(limits::ledger_key_arguments_max) + " words");
    if (command && (source.command.empty() || !source.command.front().starts_with('/')))
        reader.mistake(command, "command begins with the absolute path of a program, such as /usr/bin/age, and its "
                                "arguments follow one by one: [/usr/bin/age, --decrypt]; there is no shell");
    const Node environment = fields.take("environment"), timeout = fields.take("timeout");
    for (const Node item : reader.list(environment, "environment")) load_variable(config, item, source);
    if (const auto ms = reader.milliseconds(timeout, "timeout")) {
        source.timeout_ms = *ms;
        if (*ms < 100 || *ms > limits::ledger_key_command_ms_max)
            reader.mistake(timeout, "timeout must be between 100ms and " +
                                        std::to_string(limits::ledger_key_command_ms_max / 1'000) + "s");
    }
    if (!command && (environment || timeout))
        reader.mistake(environment ? environment : timeout, "only a command has an environment and a timeout");
    if (!command && source.file.empty()) reader.mistake(node, "a key is in a 'file' or comes from a 'command'");
    fields.finish();
}

} // namespace

void load_bodies(ConfigReader& config, Node node, BodiesConfig& bodies) {
    if (!node) return;
    Reader& reader = config.reader();
    Fields fields(reader, node, "bodies");
    const Node limit = fields.take("limit");
    bodies.offload = load_offload(config, fields.take("offload"));
    if (const auto bytes = reader.bytes(limit, "limit")) {
        if (*bytes < (1 << 20) || *bytes > room_bytes_max)
            reader.mistake(limit, "limit must be between 1MiB and 1048576GiB");
        else
            bodies.limit_bytes = static_cast<std::uint64_t>(*bytes);
        if (bodies.offload && bodies.offload->above_bytes >= bodies.limit_bytes)
            reader.mistake(limit, "limit must be above what offload leaves in the data directory (above), else no more "
                                  "bodies are kept although there is room elsewhere");
    }
    fields.finish();
}

void load_ledger(ConfigReader& config, Node node, LedgerConfig& ledger) {
    if (!node) return;
    Reader& reader = config.reader();
    Fields fields(reader, node, "ledger");
    load_key(config, fields.take("key"), ledger.key);
    const Node witnesses = fields.take("witnesses");
    for (const Node item : reader.list(witnesses, "witnesses")) load_witness(config, item, ledger);
    if (ledger.witnesses.size() > limits::witnesses_max)
        reader.mistake(witnesses, "at most " + std::to_string(limits::witnesses_max) + " witnesses are supported");
    const Node needed = fields.take("cosignatures");
    if (const auto count = reader.integer(needed, 0, limits::witnesses_max, "cosignatures")) {
        ledger.cosignatures = static_cast<std::size_t>(*count);
        if (ledger.cosignatures > reader.items(witnesses).size())
            reader.mistake(needed, "more cosignatures are asked for than witnesses are named under witnesses");
    }
    config.milliseconds(fields, "every", 100, 3'600'000, ledger.every_ms);
    config.milliseconds(fields, "timeout", 1, limits::witness_ms_max, ledger.timeout_ms);
    config.milliseconds(fields, "cosigned_within", 1'000, 30LL * 86'400'000, ledger.cosigned_within_ms);
    if (ledger.cosignatures > 0 && ledger.cosigned_within_ms <= ledger.every_ms)
        reader.mistake(needed,
                       "cosigned_within must be longer than every: until then nothing is shown to the witnesses");
    ledger.offload = load_offload(config, fields.take("offload"));
    fields.finish();
}

} // namespace sallyport::gateway
