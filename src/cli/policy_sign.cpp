// sallyport policy sign | signer
#include "base/file.h"
#include "cli/policy_commands.h"
#include "cli/terminal.h"
#include "policy/signature.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

struct SignOptions {
    std::string file = "policy.yaml", key_file, name;
    std::uint64_t version = 0;
};

int make_signer(const SignOptions& options) {
    std::error_code code;
    if (std::filesystem::exists(options.key_file, code))
        return complain(options.key_file + " is there already; a key is never overwritten");
    const auto signer = crypto::NoteSigner::generate(options.name);
    if (!signer) return complain(signer.error());
    if (auto kept = replace_file(options.key_file, std::string(signer->text().reveal()) + "\n", 0600); !kept)
        return complain(kept.error());
    fmt::print("{}\n", signer->verifier().text());
    fmt::print(stderr,
               "The key is in {}: keep it away from the gateway. Above is what belongs under policy_signers in "
               "sallyport.yaml.\n",
               options.key_file);
    return done;
}

int sign(const SignOptions& options) {
    const policy::Policy::Loaded loaded = policy::load(options.file);
    if (!loaded.policy) return complain(loaded.mistakes);
    const auto text = read_file(options.key_file, crypto::note_bytes_max);
    if (!text) return complain(text.error());
    const auto signer = crypto::NoteSigner::parse(Secret(*text));
    if (!signer) return complain(signer.error());
    const std::filesystem::path target = policy::signature_file(options.file);
    crypto::Note note;
    std::uint64_t version = options.version;
    std::error_code code;
    if (std::filesystem::exists(target, code)) {
        const auto there = read_file(target, crypto::note_bytes_max);
        if (!there) return complain(there.error());
        auto parsed = crypto::parse_note(*there);
        if (!parsed) return complain(parsed.error());
        const auto same = policy::version_of(*loaded.policy, parsed->text);
        if (same && (version == 0 || version == *same)) { // one more signature under the same text
            version = *same;
            note = std::move(*parsed);
        } else if (version == 0) { // another policy: the next version, with fresh signatures
            const std::size_t at = parsed->text.rfind("version ");
            version = at == std::string::npos ? 1 : std::strtoull(parsed->text.c_str() + at + 8, nullptr, 10) + 1;
        }
    }
    if (version == 0) version = 1;
    note.text = policy::signed_text(*loaded.policy, version);
    crypto::sign(note, *signer);
    if (auto kept = replace_file(target, crypto::encode(note), 0644); !kept) return complain(kept.error());
    fmt::print("{}: version {}, {} signature{}\n", target.string(), version, note.signatures.size(),
               note.signatures.size() == 1 ? "" : "s");
    return done;
}

} // namespace

void add_policy_sign(Command& group, int& exit_code) {
    static SignOptions options;
    Command command = group.command("sign", "Sign a policy: writes or adds to policy.yaml.sig beside it");
    command.option("file", options.file, "The policy").show_default();
    command.option("--key-file", options.key_file, "The signer's key").required();
    command.option("--version", options.version, "The version (the next one where the policy changed)");
    command.footer("A gateway that names policy_signers takes no policy that they did not sign, and none older than "
                   "the one in force.\n\n"
                   "Example:\n  sallyport policy sign policy.yaml --key-file security.key\n");
    command.run([&exit_code] { exit_code = sign(options); });

    Command signer = group.command("signer", "Make a signer's key and print what verifies it");
    signer.option("name", options.name, "Whose key, such as security@acme.example").required();
    signer.option("--key-file", options.key_file, "Where the key goes; the file must not be there").required();
    signer.footer("Example:\n  sallyport policy signer security@acme.example --key-file security.key\n");
    signer.run([&exit_code] { exit_code = make_signer(options); });
}

} // namespace sallyport::cli
