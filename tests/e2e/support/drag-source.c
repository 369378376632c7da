/* A window that files can be dragged out of, as a file manager has them: drag-source FILE... */
#include <gtk/gtk.h>

static gchar **uris;

static void give(GtkWidget *widget, GdkDragContext *context, GtkSelectionData *data, guint info, guint time, gpointer user) {
  gtk_selection_data_set_uris(data, uris);
}

static void over(GtkWidget *widget, GdkDragContext *context, gpointer user) {
  g_print("drag ended\n");
}

int main(int argc, char **argv) {
  gtk_init(&argc, &argv);
  uris = g_new0(gchar *, argc);
  for (int i = 1; i < argc; i++) uris[i - 1] = g_filename_to_uri(argv[i], NULL, NULL);
  GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
  gtk_window_set_title(GTK_WINDOW(window), "drag source");
  gtk_window_set_default_size(GTK_WINDOW(window), 120, 80);
  gtk_window_move(GTK_WINDOW(window), 1400, 40);
  GtkWidget *box = gtk_event_box_new();
  gtk_container_add(GTK_CONTAINER(window), box);
  gtk_drag_source_set(box, GDK_BUTTON1_MASK, NULL, 0, GDK_ACTION_COPY);
  gtk_drag_source_add_uri_targets(box);
  g_signal_connect(box, "drag-data-get", G_CALLBACK(give), NULL);
  g_signal_connect(box, "drag-end", G_CALLBACK(over), NULL);
  gtk_widget_show_all(window);
  g_print("ready\n");
  gtk_main();
  return 0;
}
