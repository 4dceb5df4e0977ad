// What a launcher states of a run, for the gateway to bind (identity/binding.h): what the working copy is of, and which program is started.
#pragma once

#include "base/error.h"
#include "endpoint/clients.h"
#include "endpoint/remembered.h"
#include "identity/binding.h"

#include <filesystem>
#include <functional>
#include <string>

namespace sallyport::endpoint {

// "sha256:…" of a program's file, remembered by its inode, size and time of change. `slow` is called before a large one is read.
Result<std::string> digest_of(const std::filesystem::path& file, const Remembered& remembered,
                              const std::function<void()>& slow = {});

// Of the folder with the repository, and of a client where `client` is one (else any program: not stated).
Result<identity::Statement> state(const std::filesystem::path& workspace, const Client* client,
                                  const Installed& installed, char tier, const Remembered& remembered,
                                  const std::function<void()>& slow);

} // namespace sallyport::endpoint
