#ifndef BEAR_LAB_ABI_H
#define BEAR_LAB_ABI_H

#include <stdint.h>

/// Version of everything that host and plug-in share: bumped with each change to a public
/// declaration of the core. It is a macro so that it is compiled into a plug-in, and tells what
/// the plug-in was built against.
#define BEARLAB_ABI_VERSION 7

/// The compiler, with the revision of its sources: inline, so that it is compiled into a plug-in
/// too. Swift promises nothing to modules of two compilers in one process.
static inline const char *_Nonnull bearlab_compiler(void) { return __clang_version__; }

/// Returns `BEARLAB_ABI_VERSION` as the plug-in saw it. Symbol: `bearlab_plugin_abi`.
typedef int32_t (*bearlab_plugin_abi_function)(void);

/// Returns `bearlab_compiler()` as the plug-in saw it. Symbol: `bearlab_plugin_compiler`.
typedef const char *_Nonnull (*bearlab_plugin_compiler_function)(void);

/// Registers the plug-in with the context given by the host; 0 on success.
/// Symbol: `bearlab_plugin_entry`.
typedef int32_t (*bearlab_plugin_entry_function)(void *_Nonnull context);

#endif
