#include "repo/clone.h"

#include "base/encoding.h"
#include "repo/git_handles.h"

#include <algorithm>
#include <sys/stat.h>

namespace sallyport::repo {

namespace {

constexpr std::string_view every_branch = "+refs/heads/*:refs/heads/*";

// What the callbacks of one fetch look at and leave behind.
struct Fetching {
    const GitUrl& url;
    const CloneOptions& options;
    bool credential_given = false;
    std::string why; // it was ended from here: the sentence's end
    std::size_t bytes = 0;
};

int end(Fetching& fetching, std::string why) {
    if (fetching.why.empty()) fetching.why = std::move(why);
    return GIT_EUSER;
}

int give_credential(git_credential** out, const char*, const char* user_in_url, unsigned int allowed, void* payload) {
    auto& fetching = *static_cast<Fetching*>(payload);
    const Credential& credential = fetching.options.credential;
    const std::string user = user_in_url != nullptr ? user_in_url : "git"; // as forges name it
    if (allowed == GIT_CREDENTIAL_USERNAME) return git_credential_username_new(out, user.c_str());
    if (std::exchange(fetching.credential_given, true)) return end(fetching, "the credential is not taken there");
    if ((allowed & GIT_CREDENTIAL_SSH_KEY) != 0 && !credential.key_file.empty())
        return git_credential_ssh_key_new(out, user.c_str(), nullptr, credential.key_file.c_str(), nullptr);
    if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0 && !credential.password.empty()) {
        const bool is_ssh = fetching.url.scheme == GitUrl::Scheme::ssh;
        return git_credential_userpass_plaintext_new(out, is_ssh ? user.c_str() : credential.user.c_str(),
                                                     std::string(credential.password.reveal()).c_str());
    }
    return end(fetching, (allowed & GIT_CREDENTIAL_SSH_KEY) != 0
                             ? "it asks for a key; name its file with --credential-file"
                             : "it asks for a name and password; name a file that holds them with --credential-file");
}

std::string fingerprint_of(const git_cert_hostkey& key) {
    std::string text = to_base64url({reinterpret_cast<const char*>(key.hash_sha256), sizeof key.hash_sha256});
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    return "SHA256:" + text;
}

// TLS as the system's authorities say; of SSH the key must be the one that was named, since no file of the user is believed.
int check_host(git_cert* certificate, int is_valid, const char*, void* payload) {
    auto& fetching = *static_cast<Fetching*>(payload);
    if (certificate->cert_type != GIT_CERT_HOSTKEY_LIBSSH2)
        return is_valid == 1
                   ? 0
                   : end(fetching,
                         "its certificate is not from an authority that this system knows, or is for another host");
    const auto& key = *reinterpret_cast<const git_cert_hostkey*>(certificate);
    if ((key.type & GIT_CERT_SSH_SHA256) == 0) return end(fetching, "it shows no key that can be compared");
    const std::string seen = fingerprint_of(key);
    if (seen == fetching.options.host_key) return 0;
    return end(fetching, "its host key is " + seen +
                             (fetching.options.host_key.empty() ? "; hold that" : ", not the named one; hold it") +
                             " against what its operator says, then name it: --host-key " + seen);
}

int ask(const Arrived& arrived, Fetching& fetching) {
    std::string why = fetching.options.why_end(arrived);
    return why.empty() ? 0 : end(fetching, std::move(why));
}

int on_progress(const git_indexer_progress* progress, void* payload) {
    auto& fetching = *static_cast<Fetching*>(payload);
    fetching.bytes = progress->received_bytes;
    if (progress->received_bytes > fetching.options.bytes_max)
        return end(fetching, "it is larger than " + std::to_string(fetching.options.bytes_max >> 30) +
                                 " GiB, which is the limit");
    return ask({progress->received_objects, progress->total_objects, progress->received_bytes}, fetching);
}

int on_message(const char*, int, void* payload) { // the other side counts; its words are not shown
    return ask({}, *static_cast<Fetching*>(payload));
}

std::unexpected<Error> clone_failed(Fetching& fetching) {
    const std::string what = fetching.url.name + " cannot be cloned";
    static_cast<void>(ask({}, fetching)); // perhaps a signal ended a call that waited
    if (fetching.why.empty()) return git_failed(what);
    return fail(ErrorKind::refused, what + ": " + fetching.why);
}

// What HEAD names there, so that the same branch is read without --branch.
Result<void> follow_head(git_repository* repository, git_remote* remote, Fetching& fetching) {
    git_buf name{};
    const int code = git_remote_default_branch(&name, remote);
    const std::string branch = code == 0 ? std::string(name.ptr, name.size) : std::string();
    git_buf_dispose(&name);
    if (code == GIT_ENOTFOUND) return {}; // it is empty, or HEAD is no branch; reading it tells so
    if (code != 0 || git_repository_set_head(repository, branch.c_str()) != 0) return clone_failed(fetching);
    return {};
}

Result<Cloned> fetch(git_repository* repository, const GitUrl& url, const CloneOptions& options) {
    Fetching fetching{url, options, false, {}, 0};
    RemoteHandle remote;
    if (take(remote, git_remote_create_anonymous, repository, url.text.c_str()) != 0) return clone_failed(fetching);
    git_fetch_options how{};
    git_fetch_options_init(&how, GIT_FETCH_OPTIONS_VERSION);
    how.callbacks.payload = &fetching;
    how.callbacks.credentials = give_credential;
    how.callbacks.certificate_check = check_host;
    how.callbacks.transfer_progress = on_progress;
    how.callbacks.sideband_progress = on_message;
    how.prune = GIT_FETCH_PRUNE;
    how.update_fetchhead = 0;
    how.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    how.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
    how.proxy_opts.type = GIT_PROXY_NONE;
    std::string refspec(every_branch);
    char* refspecs[] = {refspec.data()};
    const git_strarray wanted{refspecs, 1};
    if (git_remote_fetch(remote.get(), &wanted, &how, nullptr) != 0) return clone_failed(fetching);
    if (auto followed = follow_head(repository, remote.get(), fetching); !followed)
        return std::unexpected(followed.error());
    return Cloned{false, fetching.bytes};
}

Result<void> make_private(const std::filesystem::path& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("cannot create " + folder.string());
    if (::chmod(folder.c_str(), 0700) != 0) return fail_errno("cannot close " + folder.string());
    return {};
}

// Beside its place until it is whole.
Result<Cloned> first_clone(const GitUrl& url, const std::filesystem::path& folder, const CloneOptions& options) {
    const std::filesystem::path partial = partial_clone(folder);
    std::error_code code;
    std::filesystem::remove_all(partial, code);
    if (auto made = make_private(partial); !made) return std::unexpected(made.error());
    auto cloned = [&]() -> Result<Cloned> {
        RepositoryHandle repository;
        git_repository_init_options how{};
        git_repository_init_options_init(&how, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
        how.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT;
        if (take(repository, git_repository_init_ext, partial.c_str(), &how) != 0)
            return git_failed(url.name + " cannot be cloned");
        return fetch(repository.get(), url, options);
    }();
    if (cloned) std::filesystem::rename(partial, folder, code);
    if (cloned && code) cloned = fail(ErrorKind::io, "cannot rename " + partial.string() + ": " + code.message());
    if (!cloned)
        std::filesystem::remove_all(partial, code);
    else
        cloned->is_new = true;
    return cloned;
}

} // namespace

std::filesystem::path partial_clone(const std::filesystem::path& folder) { return folder.string() + ".part"; }

Result<Cloned> bring_clone(const GitUrl& url, const std::filesystem::path& folder, const CloneOptions& options) {
    start_library();
    if (auto made = make_private(folder.parent_path()); !made) return std::unexpected(made.error());
    std::error_code code;
    if (!std::filesystem::exists(folder, code)) return first_clone(url, folder, options);
    RepositoryHandle repository;
    if (take(repository, git_repository_open_bare, folder.c_str()) != 0)
        return git_failed(folder.string() + ", the clone of before, cannot be opened; remove it and it is cloned anew");
    return fetch(repository.get(), url, options);
}

} // namespace sallyport::repo
