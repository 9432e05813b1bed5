import './core.ts'
