#ifndef BEAR_LAB_ABI_H
#define BEAR_LAB_ABI_H

#include <stdint.h>

/// Version of everything that host and plug-in share: bumped with each change to a public
/// declaration of the core. It is a macro so that it is compiled into a plug-in, and tells what
/// the plug-in was built against.
#define BEARLAB_ABI_VERSION 7

/// Returns `BEARLAB_ABI_VERSION` as the plug-in saw it. Symbol: `bearlab_plugin_abi`.
typedef int32_t (*bearlab_plugin_abi_function)(void);

/// Registers the plug-in with the context given by the host; 0 on success.
/// Symbol: `bearlab_plugin_entry`.
typedef int32_t (*bearlab_plugin_entry_function)(void *context);

#endif
