#include "policy/signature.h"

#include <fmt/format.h>

#include <charconv>

namespace sallyport::policy {

namespace {
constexpr std::string_view first_line = "sallyport policy v1\n";
}

std::string signed_text(const Policy& policy, std::uint64_t version) {
    return fmt::format("{}{}\nversion {}\n", first_line, policy.digest(), version);
}

std::filesystem::path signature_file(const std::filesystem::path& policy_file) { return policy_file.string() + ".sig"; }

Result<std::uint64_t> version_of(const Policy& policy, std::string_view text) {
    if (!text.starts_with(first_line)) return fail(ErrorKind::invalid, "the signature is not one of a policy");
    const std::string expected = signed_text(policy, 0);
    const std::size_t number_at = expected.size() - 2; // before "0\n"
    if (!text.starts_with(std::string_view(expected).substr(0, number_at)))
        return fail(ErrorKind::invalid,
                    "the signature is of another policy than this one; sign it again with: sallyport policy sign");
    const std::string_view digits = text.substr(number_at, text.size() - number_at - 1);
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
    if (error != std::errc() || end != digits.data() + digits.size() || version == 0 ||
        text != signed_text(policy, version))
        return fail(ErrorKind::invalid, "the signed version is no number above 0");
    return version;
}

Result<Signature> check_signature(const Policy& policy, std::string_view note,
                                  std::span<const crypto::NoteVerifier> known, std::size_t needed) {
    const auto parsed = crypto::parse_note(note);
    if (!parsed) return std::unexpected(parsed.error());
    const auto version = version_of(policy, parsed->text);
    if (!version) return std::unexpected(version.error());
    auto signers = crypto::signers_of(*parsed, known);
    if (!signers) return std::unexpected(signers.error());
    if (signers->size() < needed)
        return fail(ErrorKind::invalid, fmt::format("{} of the signers that sallyport.yaml names signed it; {} must",
                                                    signers->size(), needed));
    return Signature{*version, std::move(*signers)};
}

} // namespace sallyport::policy
