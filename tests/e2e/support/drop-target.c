/* A window that files can be dropped on, as a file manager has them: prints what it gets. */
#include <gtk/gtk.h>

static void got(GtkWidget *widget, GdkDragContext *context, gint x, gint y, GtkSelectionData *data, guint info, guint time,
                gpointer user) {
  gchar **uris = gtk_selection_data_get_uris(data);
  for (gchar **uri = uris; uri && *uri; uri++) g_print("%s\n", *uri);
  g_print("end\n");
  g_strfreev(uris);
}

int main(int argc, char **argv) {
  gtk_init(&argc, &argv);
  GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
  gtk_window_set_title(GTK_WINDOW(window), "drop target");
  gtk_window_set_default_size(GTK_WINDOW(window), 160, 120);
  gtk_window_move(GTK_WINDOW(window), 1400, 240);
  gtk_drag_dest_set(window, GTK_DEST_DEFAULT_ALL, NULL, 0, GDK_ACTION_COPY | GDK_ACTION_MOVE);
  gtk_drag_dest_add_uri_targets(window);
  g_signal_connect(window, "drag-data-received", G_CALLBACK(got), NULL);
  gtk_widget_show_all(window);
  g_print("ready\n");
  gtk_main();
  return 0;
}
