"""Find a project, load its settings and plugins, scaffold a new one."""
