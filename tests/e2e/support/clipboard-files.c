/* Another program that pastes files: prints those that are on the clipboard. */
#include <gtk/gtk.h>

int main(int argc, char **argv) {
  gtk_init(&argc, &argv);
  gchar **uris = gtk_clipboard_wait_for_uris(gtk_clipboard_get(GDK_SELECTION_CLIPBOARD));
  for (gchar **uri = uris; uri && *uri; uri++) g_print("%s\n", *uri);
  g_strfreev(uris);
  return 0;
}
