// Public keys and signatures of SSH, as far as the signature of a server is to be checked: ssh-ed25519 (RFC 8709), ecdsa-sha2-nistp256, 384 and
// 521 (RFC 5656), RSA of 2,048 to 8,192 bits with SHA-2 (RFC 8332). And the encoding in which these and all messages come (RFC 4251 section 5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::crypto {

// Reads from the front. What is not there reads as nothing, and good() tells.
class SshReader {
public:
    explicit SshReader(std::string_view bytes) : rest_(bytes) {}
    std::uint8_t byte();
    std::uint32_t number();
    std::string_view text(); // a length, then as many bytes
    bool good() const { return good_; }
    bool at_end() const { return good_ && rest_.empty(); }

private:
    std::string_view take(std::size_t count);
    std::string_view rest_;
    bool good_ = true;
};
void append_ssh_number(std::string& out, std::uint32_t value);
void append_ssh_text(std::string& out, std::string_view text);

// Of one of the kinds above, whole.
bool is_ssh_key(std::string_view key);
// Whether the owner of `key` signed `data`. False too where either is of another kind, or damaged.
bool is_ssh_signature(std::string_view key, std::string_view signature, std::string_view data);

} // namespace sallyport::crypto
