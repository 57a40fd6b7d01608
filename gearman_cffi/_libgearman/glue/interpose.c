/* Points a few of libgearman's imports at ours. Only its own table of imports is changed, so nothing else in
 * the process is touched; outside a scope they behave as before.
 *
 * poll: see wait.c. send, shutdown: see flow.c; libgearman reports the loss of any connection as if it were that
 * of the task that is waited for.
 *
 * getenv: a client may be made without the servers of GEARMAN_SERVERS.
 *
 * send, recv: never wait, also where the socket is blocking (direct.c); libgearman's own are not.
 *
 * connect, send, recv: in a rehearsal (servers.c) the server's part is played here, without a network. recv also
 * mends a packet of gearmand's (mend.c).
 *
 * setsockopt: libgearman asks for 32 KiB socket buffers (GEARMAN_DEFAULT_SOCKET_SEND_SIZE). On loopback one
 * segment then fills the buffer and every segment waits for a delayed acknowledgement: 1 MiB takes 0.6 s.
 * Left alone, the kernel sizes the buffers by itself. It also asks for a close() that waits up to ten seconds for a
 * server that does not read (SO_LINGER); without it, what was sent is delivered as well.
 *
 * ELF only. Elsewhere, or where the table cannot be written, gcffi_is_interposed() is false and waits are
 * made in slices (wait.c). */
#define _GNU_SOURCE
#include "glue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool interposed;
static bool sees_all_data; /* all that libgearman sends and receives without TLS goes through our functions */
static bool tls; /* libgearman imports OpenSSL's or wolfSSL's functions */

bool gcffi_is_interposed(void) { return interposed; }

bool gcffi_sees_all_data(void) { return sees_all_data; }

bool gcffi_has_tls(void) { return tls; }

bool gcffi_init(void) {
  if (!interposed && !getenv("GEARMAN_CFFI_NO_INTERPOSE")) {
    interposed = gcffi_interpose();
  }
  return interposed;
}

#ifdef __ELF__

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

static int (*real_setsockopt)(int, int, int, const void *, socklen_t) = setsockopt;

static int our_setsockopt(int fd, int level, int option, const void *value, socklen_t size) {
  bool unwanted = level == SOL_SOCKET && (option == SO_SNDBUF || option == SO_RCVBUF || option == SO_LINGER);
  if (unwanted && gcffi_current_scope()) {
    return 0;
  }
  return real_setsockopt(fd, level, option, value, size);
}

static ssize_t (*real_send)(int, const void *, size_t, int) = send;

static ssize_t our_send(int fd, const void *data, size_t size, int flags) {
  gcffi_scope *scope = gcffi_current_scope();
  flags |= MSG_DONTWAIT; /* see direct.c */
  if (scope && scope->rehearsal) {
    return (ssize_t)size;
  }
  if (gcffi_is_inherited(scope)) {
    return errno = EPIPE, -1;
  }
  if (!scope) {
    return real_send(fd, data, size, flags);
  }
  scope->sent = true;
  if (scope->client) {
    return gcffi_send_in_turn(scope->client, fd, data, size, flags);
  }
  ssize_t sent = real_send(fd, data, size, flags);
  if (scope->worker && sent == (ssize_t)size) {
    gcffi_leave_answer_to_receive(scope, fd, data, size);
  }
  return sent;
}

/* Of a worker, whose connection ends or begins. */
static void forget_socket(gcffi_scope *scope, int fd) {
  if (scope && scope->worker && scope->worker->socket.fd == fd) {
    scope->worker->socket.blocks = false;
  }
}

static int (*real_connect)(int, const struct sockaddr *, socklen_t) = connect;

static int our_connect(int fd, const struct sockaddr *address, socklen_t size) {
  gcffi_scope *scope = gcffi_current_scope();
  if (gcffi_is_inherited(scope)) {
    return errno = ECONNREFUSED, -1;
  }
  if (scope && scope->client) {
    gcffi_opened(scope->client, fd);
  }
  forget_socket(scope, fd);
  return scope && scope->rehearsal ? 0 : real_connect(fd, address, size);
}

static ssize_t (*real_recv)(int, void *, size_t, int) = recv;

static ssize_t our_recv(int fd, void *data, size_t size, int flags) {
  static const char granted[] = "\0RES\0\0\0\x1b\0\0\0\x0a" "exceptions"; /* OPTION_RES with ten bytes */
  gcffi_scope *scope = gcffi_current_scope();
  if (scope && scope->rehearsal) {
    size = size < sizeof granted - 1 ? size : sizeof granted - 1;
    memcpy(data, granted, size);
    return (ssize_t)size;
  }
  if (gcffi_is_inherited(scope)) {
    return 0;
  }
  if (scope && scope->client) {
    return gcffi_receive(scope, fd, data, size, flags);
  }
  return scope ? gcffi_receive_directly(scope, fd, data, size, flags)
               : real_recv(fd, data, size, flags | MSG_DONTWAIT);
}

static char *(*real_getenv)(const char *) = getenv;

static char *our_getenv(const char *name) {
  gcffi_scope *scope = gcffi_current_scope();
  return scope && scope->no_environment ? NULL : real_getenv(name);
}

static int (*real_shutdown)(int, int) = shutdown;

static int our_shutdown(int fd, int how) {
  gcffi_scope *scope = gcffi_current_scope();
  if (scope && scope->client) {
    gcffi_closed(scope->client, fd);
  }
  forget_socket(scope, fd);
  return gcffi_is_inherited(scope) ? 0 : real_shutdown(fd, how);
}

static const struct {
  const char *name;
  void *ours;
} imports[] = {
    {"poll", (void *)gcffi_poll},
    {"__poll_chk", (void *)gcffi_poll}, /* what a fortified build calls; its one argument more is ignored */
    {"setsockopt", (void *)our_setsockopt},
    {"connect", (void *)our_connect},
    {"getenv", (void *)our_getenv},
    {"secure_getenv", (void *)our_getenv},
    {"send", (void *)our_send},
    {"recv", (void *)our_recv},
    {"shutdown", (void *)our_shutdown},
};

typedef struct {
  ElfW(Addr) base;
  const ElfW(Sym) *symbols;
  const char *names;
  ElfW(Addr) relro, relro_end;
  bool poll_replaced, send_replaced, recv_replaced;
  bool has_tls;
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
  for (size_t i = 0; i < sizeof imports / sizeof *imports; i++) {
    void *ours = imports[i].ours;
    if (symbol && strcmp(name, imports[i].name) == 0 && write_slot(o, (void **)(o->base + offset), ours)) {
      o->poll_replaced = o->poll_replaced || ours == (void *)gcffi_poll;
      o->send_replaced = o->send_replaced || ours == (void *)our_send;
      o->recv_replaced = o->recv_replaced || ours == (void *)our_recv;
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

static int visit(struct dl_phdr_info *info, size_t size, void *found) {
  (void)size;
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
  *(bool *)found = o.poll_replaced;
  tls = o.has_tls;
  sees_all_data = o.send_replaced && o.recv_replaced; /* a fortified build may call another recv() */
  return 1;
}

bool gcffi_interpose(void) {
  bool found = false;
  dl_iterate_phdr(visit, &found);
  return found;
}

#else

bool gcffi_interpose(void) { return false; }

#endif
