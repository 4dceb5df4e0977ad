#include "endpoint/remembered.h"

#include "base/encoding.h"
#include "base/file.h"
#include "crypto/crypto.h"

namespace sallyport::endpoint {

namespace {
constexpr std::size_t file_bytes_max = 16 * 1024;
} // namespace

std::filesystem::path Remembered::file_of(std::string_view what, std::string_view key) const {
    const crypto::Digest digest = crypto::sha256(what, key);
    return folder_ / (std::string(what) + "-" + to_hex(crypto::bytes(digest).substr(0, 16)));
}

std::optional<std::string> Remembered::get(std::string_view what, std::string_view key) const {
    const auto text = read_file(file_of(what, key), file_bytes_max);
    if (!text) return std::nullopt;
    // The key stands in it: a digest of half the length is no proof, and people can read what was remembered.
    if (!text->starts_with(key) || text->size() < key.size() + 2 || (*text)[key.size()] != '\n' ||
        !text->ends_with('\n'))
        return std::nullopt;
    return text->substr(key.size() + 1, text->size() - key.size() - 2);
}

void Remembered::put(std::string_view what, std::string_view key, std::string_view answer) const {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, error);
    [[maybe_unused]] const auto written =
        replace_file(file_of(what, key), std::string(key) + "\n" + std::string(answer) + "\n", 0600);
}

} // namespace sallyport::endpoint
