/* Replaces a few of libgearman's imports, in its own table (GOT): nothing else in the process is touched.
 *
 * libgearman waits in one poll(), restarts it on EINTR (Q01), and exports no descriptor and
 * takes none. What does not work:
 * - waiting in slices (pollset.c): ping, options and addServer() ignore Ctrl-C; what inbound.c catches crashes;
 * - non-blocking mode and a poll() of ours: the descriptors can only be had by replacing connect();
 * - libgearman as a codec: no function packs or unpacks a packet;
 * - libgearman 2.0, whose option ends a wait on a signal: it fixes three of the defects, and distributions have 1.1.20;
 * - a patched copy of libgearman: no system library, no security updates;
 * - a signal handler in C that sets the timeout to 0: main thread only, do() loses its answer, connecting goes on;
 * - a proxy thread behind a socket pair: the same poll(), and twice the system calls.
 * ELF only: elsewhere, or if the table cannot be written, waits are made in slices, and libgearman 2.0 is refused (Q41). */
#define _GNU_SOURCE
#include "net.h"
#include "versions.h"

#include <stdlib.h>
#include <string.h>

static void patch_imports(void);

bool gcffi_init(void) {
  const char *unwanted = getenv("GEARMAN_CFFI_NO_INTERPOSE"); /* an empty value counts as unset */
  gcffi_library.compares_prefixes = gearman_worker_set_ssl != NULL;
  if (!gcffi_library.waits_are_ours && !(unwanted && *unwanted)) {
    patch_imports();
  }
  return gcffi_library.waits_are_ours;
}

#ifdef __ELF__

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
  ElfW(Addr) base;
  const ElfW(Sym) *symbols;
  const char *names;
  ElfW(Addr) relro, relro_end;
  int replaced; /* GCFFI_POLL and so on */
  bool has_tls; /* it imports OpenSSL's or wolfSSL's functions */
} object;

static bool write_slot(const object *o, void **slot, void *value) {
  long page = sysconf(_SC_PAGESIZE);
  ElfW(Addr) address = (ElfW(Addr))slot;
  void *start = (void *)(address & ~(ElfW(Addr))(page - 1));
  bool sealed = address >= o->relro && address < o->relro_end;
  if (sealed && mprotect(start, (size_t)page, PROT_READ | PROT_WRITE) != 0) {
    return false;
  }
  __atomic_store_n(slot, value, __ATOMIC_RELEASE);
  if (sealed) {
    mprotect(start, (size_t)page, PROT_READ);
  }
  return true;
}

static void replace(object *o, ElfW(Addr) offset, size_t symbol) {
  const char *name = o->names + o->symbols[symbol].st_name;
  o->has_tls = o->has_tls || (symbol && (strcmp(name, "SSL_new") == 0 || strcmp(name, "wolfSSL_new") == 0));
  for (const gcffi_replacement *in = gcffi_replacements; symbol && in->name; in++) {
    if (strcmp(name, in->name) == 0 && write_slot(o, (void **)(o->base + offset), in->ours)) {
      o->replaced |= in->what;
    }
  }
}

#if __SIZEOF_POINTER__ == 8
#define SYMBOL_OF(info) ELF64_R_SYM(info)
#else
#define SYMBOL_OF(info) ELF32_R_SYM(info)
#endif

static void replace_in(object *o, ElfW(Addr) table, size_t size, bool with_addend) {
  for (size_t at = 0; table && at < size; at += with_addend ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel))) {
    const ElfW(Rel) *entry = (const ElfW(Rel) *)(table + at); /* Rela begins as Rel does */
    replace(o, entry->r_offset, SYMBOL_OF(entry->r_info));
  }
}

/* glibc has made the addresses in the dynamic section absolute, musl has not. */
static ElfW(Addr) absolute(const object *o, ElfW(Addr) value) { return value < o->base ? o->base + value : value; }

static void replace_imports(object *o, const ElfW(Dyn) *entry) {
  ElfW(Addr) jumps = 0, rela = 0, rel = 0;
  size_t jumps_size = 0, rela_size = 0, rel_size = 0;
  bool jumps_have_addend = true;
  for (; entry->d_tag != DT_NULL; entry++) {
    switch (entry->d_tag) {
    case DT_SYMTAB: o->symbols = (const ElfW(Sym) *)absolute(o, entry->d_un.d_ptr); break;
    case DT_STRTAB: o->names = (const char *)absolute(o, entry->d_un.d_ptr); break;
    case DT_JMPREL: jumps = absolute(o, entry->d_un.d_ptr); break;
    case DT_PLTRELSZ: jumps_size = entry->d_un.d_val; break;
    case DT_PLTREL: jumps_have_addend = entry->d_un.d_val == DT_RELA; break;
    case DT_RELA: rela = absolute(o, entry->d_un.d_ptr); break;
    case DT_RELASZ: rela_size = entry->d_un.d_val; break;
    case DT_REL: rel = absolute(o, entry->d_un.d_ptr); break;
    case DT_RELSZ: rel_size = entry->d_un.d_val; break;
    default: break;
    }
  }
  if (o->symbols && o->names) {
    replace_in(o, jumps, jumps_size, jumps_have_addend);
    replace_in(o, rela, rela_size, true);
    replace_in(o, rel, rel_size, false);
  }
}

static int visit(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size, (void)data;
  ElfW(Addr) inside = (ElfW(Addr))(void *)gearman_client_create;
  const ElfW(Dyn) *dynamic = NULL;
  object o = {.base = info->dlpi_addr};
  bool is_libgearman = false;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    ElfW(Addr) start = info->dlpi_addr + part->p_vaddr;
    if (part->p_type == PT_LOAD) {
      is_libgearman = is_libgearman || (inside >= start && inside < start + part->p_memsz);
    } else if (part->p_type == PT_DYNAMIC) {
      dynamic = (const ElfW(Dyn) *)start;
    } else if (part->p_type == PT_GNU_RELRO) {
      o.relro = start;
      o.relro_end = start + part->p_memsz;
    }
  }
  if (!is_libgearman || !dynamic) {
    return 0;
  }
  replace_imports(&o, dynamic);
  gcffi_library.waits_are_ours = o.replaced & GCFFI_POLL;
  gcffi_library.all_io_is_ours = (o.replaced & GCFFI_SEND) && (o.replaced & GCFFI_RECV); /* a fortified build may import another */
  gcffi_library.handles_are_ours = gcffi_library.all_io_is_ours && (o.replaced & GCFFI_STRNCMP);
  gcffi_library.has_tls = o.has_tls;
  return 1;
}

static void patch_imports(void) { dl_iterate_phdr(visit, NULL); }

#else

static void patch_imports(void) {}

#endif
